"""Whether what was sent is in the archive, and what may go here because it is."""
