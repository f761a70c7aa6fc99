"""Files into the archive, each once."""
