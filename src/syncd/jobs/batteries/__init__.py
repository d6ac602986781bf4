"""The batteries of Chromebooks: what their sources have in common, and how RT gets it."""
