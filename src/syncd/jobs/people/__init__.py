"""People as jobs see them: where they come from, how they become one record each, and the users that they are in RT."""
