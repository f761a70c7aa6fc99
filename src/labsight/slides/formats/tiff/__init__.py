"""Slides in TIFF files of every kind, read by range with the standard library."""
