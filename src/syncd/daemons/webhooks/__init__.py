"""The listener for webhooks: verifies what comes, keeps it in the inbox, and answers; nothing else."""
