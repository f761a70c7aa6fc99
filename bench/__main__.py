"""Prints figure, bar, and met or missed for every line; exits 1 when one is missed."""

import argparse
import importlib
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Protocol

from bench.effort import Effort
from bench.folders import NotMeasured
from bench.report import Bar, Figure, summary, table, unmeasured, write_json

SETS = {
    "slides": (
        "stored", "http", "levels", "jpeg2000", "screen", "indexing", "importing", "startup",
        "exporting", "memory", "clients",
    ),
    "sync": (
        "sync_small", "sync_large", "sync_unchanged", "sync_killed", "sync_started",
        "sync_viewable",
    ),
}  # fmt: skip


class LineFile(Protocol):
    """What a file of bench.lines has."""

    BARS: Sequence[Bar]

    def measure(self, effort: Effort) -> Iterable[Figure]:
        """Yield a figure for each of the bars; raise NotMeasured."""
        ...


def _load(name: str) -> LineFile:
    file: LineFile = importlib.import_module(f"bench.lines.{name}")
    return file


def main(arguments: Sequence[str] | None = None, load: Callable[[str], LineFile] = _load) -> int:
    """Measure what is asked for; return the exit code."""
    options = _options(arguments)
    figures: list[Figure] = []
    _warn_when_busy()
    for name in options.only or SETS[options.of]:
        start = time.monotonic()
        figures += _measured(load(name), Effort(quick=options.quick))
        print(f"bench: {name} took {time.monotonic() - start:.0f} s", file=sys.stderr, flush=True)
    print(table(figures))
    print(summary(figures))
    if options.json:
        write_json(figures, options.json)
    return int(any(figure.counted and not figure.met for figure in figures))


def _warn_when_busy() -> None:
    load, cores = os.getloadavg()[0], os.cpu_count() or 1
    if load > cores / 2:
        print(
            f"bench: this machine is busy (load {load:.1f} on {cores} cores): figures by the "
            "clock wander, those by CPU less so",
            file=sys.stderr,
        )


def _measured(file: LineFile, effort: Effort) -> list[Figure]:
    """Return a figure for each of a file's bars, whatever happens: what failed was missed."""
    found: list[Figure] = []
    why = "no figure came out"
    try:
        found.extend(file.measure(effort))
    except NotMeasured as error:
        why = str(error)
    except Exception as error:  # noqa: BLE001 - the other lines are measured all the same
        traceback.print_exc()
        why = f"{type(error).__name__}: {error}"
    return [*found, *unmeasured(file.BARS, found, why)]


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench ARGS=...", description=__doc__)
    parser.add_argument(
        "--of",
        choices=list(SETS),
        default="slides",
        help="what is measured: reading slides (default), or sending them from a lab",
    )
    parser.add_argument("--only", help="some lines only, with commas between")
    parser.add_argument("--quick", action="store_true", help="few rounds, to try something")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    options = parser.parse_args(arguments)
    options.only = options.only.split(",") if options.only else []
    known = SETS[options.of]
    if unknown := sorted(set(options.only) - set(known)):
        parser.error(
            f"there is no {', '.join(unknown)} among the lines of {options.of}: {','.join(known)}"
        )
    return options


if __name__ == "__main__":
    sys.exit(main())
