"""Prints figure, bar, and met or missed for every measurement; exits 1 when one is missed."""

import sys

from bench import tiles
from bench.report import Line, print_report


def main() -> int:
    """Measure everything."""
    lines: list[Line] = [*tiles.measure()]
    return print_report(lines)


if __name__ == "__main__":
    sys.exit(main())
