"""Networks: built functional graphs that are passed to models."""
