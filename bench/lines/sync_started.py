"""How soon a watched folder's new slide is on its way."""

import statistics
import time
from collections.abc import Iterator

from bench.effort import Effort
from bench.report import Bar, Figure
from bench.sync.commands import PREFIX
from bench.sync.sinks import Sink, sink
from bench.sync.trees import write_slide
from bench.sync.watching import Watched, watching

_SIZE = 4 << 20
_QUIET = 2.0  # seconds
_BUCKET = "bench-started"
DECLARED = Bar(what="sync --watch: from NAME.complete to the first byte", most=1, unit="s")
QUIET = Bar(what="sync --watch: from the end of the quiet period to it", most=1, unit="s")
BARS = DECLARED, QUIET


def measure(effort: Effort) -> Iterator[Figure]:
    """Drop one slide after the other; medians and worst, of the same clock on both sides."""
    with sink() as server, watching(server.endpoint, _BUCKET, _QUIET) as watched:
        _wait(server, watched, "first", declared=False)  # it may come before the watching begins
        for bar, declared in ((DECLARED, True), (QUIET, False)):
            waits = [
                _wait(server, watched, f"{declared}-{number}", declared=declared)
                for number in range(effort.of(10, 3))
            ]
            told = f"worst {max(waits):.2f} s of {len(waits)}"
            yield Figure(bar=bar, value=statistics.median(waits), ours=told)


def _wait(server: Sink, watched: Watched, name: str, *, declared: bool) -> float:
    """Write a slide; return the seconds until its sending began."""
    file = watched.folder / f"{name}.svs"
    write_slide(file, _SIZE, seed=name)
    if declared:
        file.with_name(f"{file.name}.complete").touch()
    due = time.monotonic() + (0.0 if declared else _QUIET)
    key = f"{PREFIX}/{file.name}"
    return watched.soon(lambda: server.objects(_BUCKET).get(key)).begun - due
