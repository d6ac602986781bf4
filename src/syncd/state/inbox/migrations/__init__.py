"""How the file of the inbox came to be as it is: one file a step in ``versions``."""
