"""New assets of RT: their tags, the fields that they begin with, and their Chromebooks."""
