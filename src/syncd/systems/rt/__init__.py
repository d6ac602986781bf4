"""Request Tracker 5 over REST2: preflight, the asset snapshot, and writes that say what they proved."""
