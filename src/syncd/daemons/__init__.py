"""What runs for long: one package or module for each unit that does."""
