"""Telling people how a job ended: what systemd and the journal know of it, who knows already, and the ways out."""
