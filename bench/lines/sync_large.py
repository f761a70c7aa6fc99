"""Large slides: how fast, and in how much memory."""

from collections.abc import Iterator

from bench.effort import Effort
from bench.report import Bar, Figure
from bench.sync import commands
from bench.sync.races import race
from bench.sync.sinks import sink
from bench.sync.trees import tree

_COUNT, _SIZE = 4, 256 << 20
_WHAT = "sync of 4 files of 256 MiB"
FAST = Bar(what=_WHAT, against="boto3 upload_file, the faster of signed and not", least=1.5)
SMALL = Bar(what=f"{_WHAT}, peak memory", most=200, unit="MB")
BARS = FAST, SMALL
_PROGRAMS = {
    "labsight": commands.labsight,
    "signed": commands.boto3,
    "unsigned": commands.boto3_unsigned,
    "aws": commands.aws,
    "rclone": commands.rclone,
    "s5cmd": commands.s5cmd,
}


def measure(effort: Effort) -> Iterator[Figure]:
    """Take the clock around whole processes; files are in the page cache after the first round."""
    folder = tree(_COUNT, _SIZE)
    with sink() as server:
        found = race(server, folder, _PROGRAMS, effort.of(5, 2))
    peer = found.fastest("signed", "unsigned")
    yield Figure(
        bar=FAST,
        value=found.wall(peer) / found.wall("labsight"),
        ours=found.told("labsight"),
        peer=found.told(peer, "aws", "rclone", "s5cmd"),
    )
    yield Figure(
        bar=SMALL,
        value=found.peak("labsight"),
        ours="of its process",
        peer=f"boto3 {found.peak(peer):.0f} MB",
    )
