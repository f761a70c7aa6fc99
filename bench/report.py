"""How figures are printed and judged."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """One figure; ``bar`` is the ratio to reach, None for a figure that is only told."""

    name: str
    figure: str
    ratio: float | None = None
    bar: float | None = None

    @property
    def missed(self) -> bool:
        """Whether there is a bar and the figure stays under it."""
        return self.bar is not None and (self.ratio or 0) < self.bar


def print_report(lines: Iterable[Line]) -> int:
    """Print the lines; return the exit code."""
    missed = False
    for line in lines:
        verdict = ""
        if line.bar is not None:
            verdict = f"  {line.ratio:8.1f}x, at least {line.bar:g}x: "
            verdict += "MISSED" if line.missed else "met"
        missed = missed or line.missed
        print(f"{line.name:58} {line.figure:>16}{verdict}")
    return int(missed)
