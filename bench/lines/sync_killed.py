"""A process that is killed inside a large file, and run again: what is sent twice or left open."""

import os
import random
import signal
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from pathlib import Path

from bench.effort import Effort
from bench.folders import CACHE, ROOT, NotMeasured
from bench.processes import environment, run
from bench.report import Bar, Figure
from bench.sync import commands
from bench.sync.sinks import Sink, sink
from bench.sync.trees import tree

_SIZE = 512 << 20
_POINTS = 20  # at which ours is killed, of the same seed in every run
_MIB = 1 << 20
_IN_FLIGHT = 96  # MiB: six parts of 16 MiB
_WHAT = "kill -9 inside a file of 512 MiB, then run again"
_PEERS = {"boto3": commands.boto3, "aws": commands.aws, "rclone": commands.rclone}
TWICE = Bar(what=f"{_WHAT}: sent twice, worst", most=_IN_FLIGHT, unit="MiB")
OPEN = Bar(what=f"{_WHAT}: left open", most=0, unit="uploads")
WRONG = Bar(what=f"{_WHAT}: not as the file is", most=0, unit="objects")
BARS = TWICE, OPEN, WRONG


@dataclass(frozen=True)
class _End:
    """What there was in the end; ``twice`` in MiB."""

    twice: float
    open: int
    equal: bool


def measure(effort: Effort) -> Iterator[Figure]:
    """Kill at seeded shares of the bytes; peers at fewer, as they do the same each time."""
    folder = tree(1, _SIZE)
    expected = _checksum(next(file for file in folder.rglob("*") if file.is_file()))
    with sink(check=True) as server:
        ours = _ends(server, commands.labsight, folder, expected, effort.of(_POINTS, 4))
        told = []
        for name, command in _PEERS.items():
            try:
                ends = _ends(server, command, folder, expected, effort.of(4, 1))
            except NotMeasured as error:
                told.append(str(error))
                continue
            twice = statistics.median(end.twice for end in ends)
            left = max(end.open for end in ends)
            told.append(f"{name} {twice:.0f} MiB, {left} left open")
    half = statistics.median(end.twice for end in ours)
    yield Figure(
        bar=TWICE,
        value=max(end.twice for end in ours),
        ours=f"{len(ours)} kills, median {half:.0f} MiB",
        peer="; ".join(told),
    )
    yield Figure(bar=OPEN, value=max(end.open for end in ours))
    yield Figure(bar=WRONG, value=sum(not end.equal for end in ours))


def _ends(
    server: Sink, command: commands.Command, folder: Path, expected: int, count: int
) -> list[_End]:
    return [
        _killed(server, command, folder, expected, random.Random(seed)) for seed in range(count)
    ]


def _killed(
    server: Sink, command: commands.Command, folder: Path, expected: int, chance: random.Random
) -> _End:
    """Kill a run once so many bytes have come, and run again."""
    open_before = server.counts().open
    bucket = f"killed-{time.monotonic_ns()}"
    with tempfile.TemporaryDirectory(dir=CACHE) as home:
        place = commands.Place(folder, server.endpoint, bucket, Path(home, "journal"))
        line, variables = command(place), commands.variables(Path(home))
        process = subprocess.Popen(
            line,
            cwd=ROOT,
            env=environment() | variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            server.wait(chance.randrange(1, int(0.95 * _SIZE)))
            time.sleep(chance.uniform(0, 0.02))
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        run(line, variables=variables)
    stored = server.objects(bucket)
    counts = server.counts()
    return _End(
        twice=(counts.bytes - _SIZE) / _MIB,
        open=counts.open - open_before,
        equal=[(one.size, one.crc) for one in stored.values()] == [(_SIZE, expected)],
    )


def _checksum(file: Path) -> int:
    """Return the CRC-64/NVME of a file."""
    from awscrt.checksums import crc64nvme  # noqa: PLC0415 - takes 0.1 s

    with file.open("rb") as opened:
        blocks = iter(lambda: opened.read(_MIB), b"")
        return reduce(lambda crc, block: int(crc64nvme(block, crc)), blocks, 0)
