"""Units under a real systemd, with the sandbox as Google and RT."""
