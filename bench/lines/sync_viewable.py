"""From a file in a watched folder to its tile in a browser: sync, event, queue, import, tile."""

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from bench.effort import Effort
from bench.folders import CACHE, ROOT, SAMPLE
from bench.processes import end, environment
from bench.report import Bar, Figure
from bench.sync.commands import PREFIX
from bench.sync.watching import Watched, watching
from labsight.keys import slide_id
from local.client import ROLE, Client

_QUIET = 2.0  # seconds
_WHAT = "sync --watch, import, first tile (2.6 MB, local mode)"
QUIET = Bar(what=f"{_WHAT}: from the end of the quiet period", most=3, unit="s")
DECLARED = Bar(what=f"{_WHAT}: from NAME.complete", most=3, unit="s")
BARS = QUIET, DECLARED


@dataclass(frozen=True)
class _Platform:
    address: str
    bucket: str
    variables: Mapping[str, str]


def measure(effort: Effort) -> Iterator[Figure]:
    """Drop one slide after the other; medians and worst."""
    with _platform() as platform, closing(Client(platform.address, ROLE)) as client:
        endpoint = platform.variables["AWS_ENDPOINT_URL"]
        with watching(endpoint, platform.bucket, _QUIET, platform.variables) as watched:
            _wait(client, watched, 0, declared=False)  # functions load what they need
            for bar, declared in ((QUIET, False), (DECLARED, True)):
                waits = [
                    _wait(client, watched, number + 1 + 100 * declared, declared=declared)
                    for number in range(effort.of(7, 2))
                ]
                told = f"worst {max(waits):.2f} s of {len(waits)}"
                yield Figure(bar=bar, value=statistics.median(waits), ours=told)


def _wait(client: Client, watched: Watched, number: int, *, declared: bool) -> float:
    """Write a slide; return the seconds until a tile of it is served, the quiet period left out."""
    file = watched.folder / f"{number}.svs"
    file.write_bytes(SAMPLE.read_bytes())
    if declared:
        file.with_name(f"{file.name}.complete").touch()
    due = time.monotonic() + (0.0 if declared else _QUIET)
    path = f"/slides/{slide_id(f'{PREFIX}/{file.name}')}/tiles/0/0_0.jpg"

    def served() -> float | None:
        reply = client.get(path)
        return time.monotonic() if reply.status == HTTPStatus.OK else None

    return watched.soon(served) - due


@contextmanager
def _platform() -> Iterator[_Platform]:
    log = CACHE / "platform.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "bench.sync.platform"],
            cwd=ROOT,
            env=environment()
            | {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=output,
            start_new_session=True,
        )
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            with process.stdout:
                line = process.stdout.readline()
            if not line:
                raise RuntimeError(f"local mode did not start: {_last(log)}")
            yield _Platform(**json.loads(line))
            process.stdin.close()
            process.wait(timeout=30)
        finally:
            end(process)


def _last(log: Path) -> str:
    return log.read_text(errors="replace")[-500:]
