"""Models: each file states what it minimizes; `base.py` holds the mechanics."""
