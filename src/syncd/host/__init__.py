"""What the host gives: configuration, credentials, journal, service notification, HTTP policy, exit statuses."""
