"""A model test of the Chromebook job: two sides that people edit while runs go wrong in every way."""
