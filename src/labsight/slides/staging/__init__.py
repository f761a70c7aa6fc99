"""Slide files on local disk, for the formats that OpenSlide must open by name."""
