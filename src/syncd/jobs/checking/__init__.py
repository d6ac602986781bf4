"""What the student check is made of."""
