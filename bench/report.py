"""How figures are judged and printed."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Bar:
    """What a line has to show: a figure of at least or at most so much, in ``unit``."""

    what: str
    against: str = ""
    least: float | None = None
    most: float | None = None
    unit: str = "x"

    def __str__(self) -> str:
        side, value = ("at least", self.least) if self.most is None else ("at most", self.most)
        return f"{side} {_number(value or 0)}{_space(self.unit)}"


@dataclass(frozen=True, kw_only=True)
class Figure:
    """What was measured of a bar; ``value`` is None, and ``why`` says why, when nothing was.

    ``ours`` and ``peer`` tell the two sides in their own units, for the reader. What is not
    ``counted`` misses nothing: a peer that this machine may lack.
    """

    bar: Bar
    value: float | None
    ours: str = ""
    peer: str = ""
    why: str = ""
    counted: bool = True

    @property
    def met(self) -> bool:
        """Whether the bar is reached; what was not measured counts as missed."""
        if self.value is None:
            return False
        if self.bar.most is not None:
            return self.value <= self.bar.most
        return self.value >= (self.bar.least or 0)

    @property
    def cells(self) -> tuple[str, ...]:
        """The columns of the report."""
        shown = "-" if self.value is None else f"{_number(self.value)}{_space(self.bar.unit)}"
        verdict = "met" if self.met else "MISSED"
        if self.value is None:
            verdict = f"{'MISSED, not measured' if self.counted else 'not counted'}: {self.why}"
        against = ": ".join(filter(None, (self.bar.against, self.peer)))
        return self.bar.what, self.ours, against, shown, str(self.bar), verdict


HEADS = ("line", "labsight", "against", "figure", "bar", "verdict")


def unmeasured(bars: Sequence[Bar], found: Sequence[Figure], why: str) -> list[Figure]:
    """Return a figure for each bar that has none yet."""
    known = {figure.bar for figure in found}
    return [Figure(bar=bar, value=None, why=why) for bar in bars if bar not in known]


def table(figures: Sequence[Figure]) -> str:
    """Return the report as aligned columns."""
    rows = [HEADS, *(figure.cells for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADS) - 1)]
    return "\n".join(
        "  ".join([*(f"{cell:{width}}" for cell, width in zip(row, widths, strict=False)), row[-1]])
        for row in rows
    )


def summary(figures: Sequence[Figure]) -> str:
    """Return one sentence on the whole."""
    counted = [figure for figure in figures if figure.counted]
    missed = sum(not figure.met for figure in counted)
    return f"{len(counted) - missed} of {len(counted)} bars met, {missed} missed"


def write_json(figures: Sequence[Figure], path: Path) -> None:
    """Write the figures for a machine to read."""
    told = [{**asdict(figure), "met": figure.met} for figure in figures]
    path.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


def _number(value: float) -> str:
    """Three digits, or all of them before the point."""
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    text = f"{value:,.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _space(unit: str) -> str:
    return unit if unit in {"x", "%"} else f" {unit}"
