"""What slide files are made of, by format: levels, where their tiles lie, scan data, pictures."""
