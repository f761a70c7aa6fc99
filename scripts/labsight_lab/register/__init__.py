"""Asks the catalog to take up what is in the archive."""
