"""Is a file written to its end? By its structure, one file a format."""
