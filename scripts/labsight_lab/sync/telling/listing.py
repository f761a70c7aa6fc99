"""A list of files with what is to be said of each."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from labsight_lab.sync.telling.out import item, wrapped
from labsight_lab.sync.telling.repeats import FEW, by_reason
from labsight_lab.text import shown

NAMED = 10  # of those that share a reason


class Told(NamedTuple):
    """A file or unit, what is to be said of it, and since when (seconds since 1970)."""

    path: str
    reason: str
    since: float | None = None


def listing(found: Sequence[Told], wide: int | None, most: int) -> list[str]:
    """Return a line for each, ``most`` at most; a reason that many share is told once.

    Lines fit into a terminal that is ``wide`` characters wide, if one is.
    """
    lines, left, more = list[str](), most, 0
    for reason, those in by_reason(found, lambda one: one[:2]):
        if len(those) <= FEW:
            for one in those[:left]:
                lines += item(shown(one.path), f"{shown(one.reason)}{_since([one])}", wide)
            more += len(those[left:])
            left -= len(those[:left])
        elif left:
            lines += _together(reason, those, wide)
            left -= 1
        else:
            more += len(those)
    return lines + _rest(more, "  ")


def _together(reason: str, those: Sequence[Told], wide: int | None) -> list[str]:
    text = f"{len(those):,} of them: {shown(reason)}{_since(those)}"
    lines = wrapped(text, wide, indent="    ", first="  ")
    lines += [f"    {shown(one.path)}" for one in those[:NAMED]]
    return lines + _rest(len(those[NAMED:]), "    ")


def _rest(more: int, indent: str) -> list[str]:
    return [f"{indent}and {more:,} more, which --json names"] if more else []


def _since(those: Sequence[Told]) -> str:
    times = [one.since for one in those if one.since is not None]
    if not times:
        return ""
    return f" (since {datetime.fromtimestamp(min(times)).astimezone():%Y-%m-%d %H:%M})"
