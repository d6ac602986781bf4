"""The fault matrix: every operation of every adapter, and every way in which it can fail."""
