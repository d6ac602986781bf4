"""People in Request Tracker: preflight, the snapshot of all users, and writes that are proven by reading back."""
