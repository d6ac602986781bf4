"""Exports: who holds which devices, the rows of a file, and how the file comes to be."""
