"""What was begun and what is done, kept on disk."""
