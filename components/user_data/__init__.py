"""What a machine runs when it starts: scripts in files, filled in by pure functions."""
