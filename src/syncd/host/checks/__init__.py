"""What can be looked at before trouble: one small file for each thing, and the engine that runs all of them."""
