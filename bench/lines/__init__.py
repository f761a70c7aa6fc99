"""One file for each line, or few lines that share their making, of what has to be shown.

Each has ``BARS``, what it shows, and ``measure``, which yields a figure for each of them or raises
NotMeasured.
"""
