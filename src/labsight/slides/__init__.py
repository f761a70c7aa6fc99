"""Whole slides: what is in a file, where its tiles lie, and how they become pictures."""
