"""Writes a slide out as files of other kinds, copying stored tiles wherever that is possible."""
