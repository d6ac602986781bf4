"""Rosters: who belongs to the school, as files and other systems say it."""
