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
FAST = Bar(what=_WHAT, against="boto3 upload_file", least=1.5)
UNSIGNED = Bar(what=_WHAT, against="boto3 unsigned, without a hash of each body", least=1)
SMALL = Bar(what=f"{_WHAT}, peak memory", most=200, unit="MB")
BARS = FAST, UNSIGNED, SMALL
_PROGRAMS = {
    "labsight": commands.labsight,
    "boto3": commands.boto3,
    "boto3 unsigned": commands.boto3_unsigned,
    "aws": commands.aws,
    "rclone": commands.rclone,
    "s5cmd": commands.s5cmd,
}


def measure(effort: Effort) -> Iterator[Figure]:
    """Take the clock around whole processes; files are in the page cache after the first round."""
    folder = tree(_COUNT, _SIZE)
    with sink() as server:
        found = race(server, folder, _PROGRAMS, effort.of(7, 2))
    ours = found.wall("labsight")
    for bar, peer, beside in (
        (FAST, "boto3", ("aws", "rclone", "s5cmd")),
        (UNSIGNED, "boto3 unsigned", ()),
    ):
        told = found.told(peer, *beside)
        value = found.wall(peer) / ours
        yield Figure(bar=bar, value=value, ours=found.told("labsight"), peer=told)
    told = f"boto3 {found.peak('boto3'):.0f} MB"
    yield Figure(bar=SMALL, value=found.peak("labsight"), ours="of its process", peer=told)
