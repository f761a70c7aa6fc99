"""What lies in the folder: files, what belongs together, what the archive lacks of it."""
