"""A fleet of any size that is made page by page, as it is asked for; what was written is kept."""
