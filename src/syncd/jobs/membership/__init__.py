"""Members of Google groups: who shall be in them, who is, and how they come and go."""
