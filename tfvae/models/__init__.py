"""Models: each file states what it minimises; `base.py` holds the mechanics."""
