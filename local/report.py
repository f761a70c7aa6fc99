"""Fetches something of every slide through the front door, and writes down how that went."""

import statistics
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from local.client import Client, Reply
from local.errors import DeliveryFailed
from local.steps import Step

REASON_WIDTH = 100  # the worklist and the log have it whole
JPEG = b"\xff\xd8\xff"


@dataclass
class Visit:
    """What came of one slide: what was fetched, and what is wrong with it."""

    name: str
    state: str
    levels: int = 0
    tile_ms: list[float] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    reason: str = ""
    wrong: str = ""

    def cells(self) -> tuple[str, ...]:
        """Return the line of the table."""
        shown = f"{statistics.median(self.tile_ms):.1f}" if self.tile_ms else "-"
        paths = "/".join(dict.fromkeys(self.paths)) or "-"
        return (
            self.name,
            self.state,
            str(self.levels or "-"),
            shown,
            paths,
            self.wrong or textwrap.shorten(self.reason, REASON_WIDTH, placeholder=" ..."),
        )


def visit(row: dict[str, Any], client: Client) -> Visit:
    """Fetch a slide's descriptor, thumbnail and one tile of every level."""
    seen = Visit(row["path"], row["import_state"])
    if seen.state != "imported":
        failure = row.get("failure") or {}
        seen.reason = f"{failure.get('kind', '?')}: {failure.get('reason', 'no reason given')}"
        return seen
    try:
        _fetch(row["links"], client, seen)
    except DeliveryFailed as error:
        seen.wrong = f"NOT SERVED: {error}"
    except (KeyError, TypeError) as error:
        seen.wrong = f"NOT SERVED: row or descriptor lack {error}"
    return seen


def _fetch(links: dict[str, str], client: Client, seen: Visit) -> None:
    descriptor = client.get_json(links["descriptor"])
    _picture(client, links["thumbnail"])
    for level in descriptor["levels"]:
        middle = {"col": level["columns"] // 2, "row": level["rows"] // 2}
        tile = _picture(client, descriptor["tile_url"].format(level=level["level"], **middle))
        seen.levels += 1
        seen.tile_ms.append(tile.milliseconds)
        seen.paths.append(tile.headers.get("x-labsight-path", "?"))
    if not seen.levels:
        raise DeliveryFailed("its descriptor lists no level")


def table(visits: Iterable[Visit]) -> list[str]:
    """Return the visits as lines of a table."""
    heads = ("slide", "state", "levels", "tile ms", "path", "")
    return _aligned([heads, *(seen.cells() for seen in visits)])


def timings(steps: Iterable[Step], total: float) -> list[str]:
    """Return the steps' seconds as lines of a table."""
    lines = [(step.name, f"{step.seconds:.1f} s") for step in steps]
    return _aligned([("step", "time"), *lines, ("all", f"{total:.1f} s")])


def _picture(client: Client, path: str) -> Reply:
    reply = client.get(path)
    if reply.status != 200 or not reply.body.startswith(JPEG):
        raise DeliveryFailed(f"GET {path}: {reply.status}, {len(reply.body)} bytes, no JPEG")
    return reply


def _aligned(lines: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    padded = (
        "  ".join(f"{cell:<{w}}" for cell, w in zip(line, widths, strict=True)) for line in lines
    )
    return [f"  {line}".rstrip() for line in padded]
