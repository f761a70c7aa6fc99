"""The server that takes uploads, in a process of its own, and what it tells."""

import json
import subprocess
import sys
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from bench.folders import ROOT
from bench.processes import TIMEOUT, end, environment
from bench.sync import sink_answers

_ASKED = "create", "put", "part", "complete", "abort", "parts", "uploads", "head", "list", "bucket"


@dataclass(frozen=True)
class Counts:
    """What was asked since the counts were last told."""

    kinds: dict[str, int]
    bytes: int  # of bodies, those of cut requests too
    open: int  # uploads that are open now
    cpu: float  # seconds that the server has taken since it began

    @property
    def requests(self) -> int:
        """Return how many requests there were."""
        return sum(self.kinds.get(kind, 0) for kind in _ASKED)


@dataclass(frozen=True)
class Arrived:
    """An object; ``crc`` where it is checked, ``begun`` on the clock of time.monotonic()."""

    size: int
    crc: int
    begun: float


@dataclass(frozen=True)
class Sink:
    """Where the server listens."""

    endpoint: str

    def counts(self) -> Counts:
        """Return what was asked since this was asked last."""
        told = self._ask(sink_answers.COUNTS)
        size, left, cpu = told.pop("bytes"), told.pop("open"), told.pop("cpu")
        return Counts(told, size, left, cpu)

    def objects(self, bucket: str) -> dict[str, Arrived]:
        """Return all objects of a bucket by key."""
        told = self._ask(f"{sink_answers.OBJECTS}?bucket={urllib.parse.quote(bucket)}")
        return {key: Arrived(**one) for key, one in told.items()}

    def wait(self, count: int) -> None:
        """Wait until so many bytes have come since the counts were last told."""
        self._ask(f"{sink_answers.WAIT}?bytes={count}")

    def _ask(self, path: str) -> Any:
        with urllib.request.urlopen(f"{self.endpoint}{path}", timeout=TIMEOUT) as answer:
            return json.load(answer)


@contextmanager
def sink(latency_ms: float = 0.0, *, check: bool = False) -> Iterator[Sink]:
    """Run the server; each answer comes after a wait, and with ``check`` objects have checksums."""
    command = [sys.executable, "-m", "bench.sync.sink", f"--latency-ms={latency_ms}"]
    process = subprocess.Popen(
        [*command, *(["--check"] if check else [])],
        cwd=ROOT,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        assert process.stdout is not None
        with process.stdout:
            port = int(process.stdout.readline())
        yield Sink(f"http://127.0.0.1:{port}")
    finally:
        end(process)
