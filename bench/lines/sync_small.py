"""Many small files, as a scanner of tiles or a series of DICOM files leaves them."""

from collections.abc import Iterator

from bench.effort import Effort
from bench.report import Bar, Figure
from bench.sync import commands
from bench.sync.races import Race, race
from bench.sync.sinks import sink
from bench.sync.trees import tree

_COUNT, _SIZE = 2_000, 64 << 10
_DELAY_MS = 40  # of an answer over a lab's line to AWS
_WHAT = "sync of 2,000 files of 64 KB"
_AWS, _RCLONE = "aws s3 sync", "rclone, 64 transfers"
NEAR = Bar(what=_WHAT, against=_AWS, least=3)
FAR = Bar(what=f"{_WHAT}, {_DELAY_MS} ms an answer", against=_AWS, least=5)
FAR_RCLONE = Bar(what=f"{_WHAT}, {_DELAY_MS} ms an answer", against=_RCLONE, least=1)
BARS = NEAR, FAR, FAR_RCLONE
_PROGRAMS = {
    "labsight": commands.labsight,
    "aws": commands.aws,
    "rclone": commands.rclone,
    "s5cmd": commands.s5cmd,
}


def measure(effort: Effort) -> Iterator[Figure]:
    """Take the clock around whole processes; ours keeps its journal and checks each file."""
    folder = tree(_COUNT, _SIZE)
    with sink() as server:
        near = race(server, folder, _PROGRAMS, effort.of(5, 2))
    with sink(_DELAY_MS) as server:
        far = race(server, folder, _PROGRAMS, effort.of(5, 2))
    yield _figure(NEAR, near, "aws", "rclone", "s5cmd")
    yield _figure(FAR, far, "aws", "s5cmd")
    yield _figure(FAR_RCLONE, far, "rclone")


def _figure(bar: Bar, found: Race, peer: str, *beside: str) -> Figure:
    """Compare with one peer, and tell what others took."""
    if peer in found.lacking:
        return Figure(bar=bar, value=None, why=found.lacking[peer], counted=peer != "rclone")
    return Figure(
        bar=bar,
        value=found.wall(peer) / found.wall("labsight"),
        ours=found.told("labsight"),
        peer=found.told(peer, *beside),
    )
