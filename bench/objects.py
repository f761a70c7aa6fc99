"""A bucket on this machine with the large slide in it."""

import json
import os
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import object_server, slides
from bench.folders import CACHE, ROOT
from bench.object_client import BUCKET, SOURCE
from bench.processes import end, environment
from labsight.keys import SlideKey


@dataclass(frozen=True)
class Bucket:
    """Where the object server listens, and the key of the slide in it."""

    endpoint: str
    key: str

    def counts(self) -> dict[str, int]:
        """Return how often each method was asked since this was asked last."""
        with urllib.request.urlopen(f"{self.endpoint}{object_server.COUNTS}") as answer:
            told: dict[str, int] = json.load(answer)
        return told


@contextmanager
def bucket(delay_ms: float = 0.0) -> Iterator[Bucket]:
    """Serve the large slide as an object store does, each answer after a wait."""
    key = str(SlideKey(SOURCE, slides.aperio().name))
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:
        place = Path(folder, BUCKET, key)
        place.parent.mkdir(parents=True)
        os.link(slides.aperio(), place)
        command = [sys.executable, "-m", "bench.object_server", folder, f"--delay-ms={delay_ms}"]
        process = subprocess.Popen(
            command,
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
            yield Bucket(f"http://127.0.0.1:{port}", key)
        finally:
            end(process)
