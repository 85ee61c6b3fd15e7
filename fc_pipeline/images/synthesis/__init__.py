"""Synthetic images whose text and boxes are known exactly. One module a kind; see `kinds.py`."""
