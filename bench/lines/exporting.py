"""The export of a whole slide, against vips dzsave."""

import shutil
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from bench import slides
from bench.effort import Effort
from bench.folders import CACHE, NotMeasured
from bench.interleaved import rotated
from bench.processes import Cost, run
from bench.report import Bar, Figure

_PEER = "vips dzsave through libtiff"
TILES = Bar(what="export --tiles, whole slide", against=_PEER, least=8)
ZIP = Bar(what="export --zip, whole slide", against=f"{_PEER}, zip", least=8)
DZI = Bar(what="export --dzi, lacking levels made", against=_PEER, least=2)
BARS = TILES, ZIP, DZI
# libvips takes OpenSlide for an SVS file, which is half as fast for it. Debian's OpenSlide is a
# module, and modules are looked for below this folder; without one the file goes to libtiff.
_THROUGH_LIBTIFF = {"VIPSHOME": "/nonexistent"}
_MEMORY = Path("/dev/shm")
_ROOM = 2 << 30  # bytes


def measure(effort: Effort) -> Iterator[Figure]:
    """Take CPU of the command and all it starts; both write to the same place, in turns."""
    vips = shutil.which("vips")
    if vips is None:
        raise NotMeasured("as root: apt-get install libvips-tools")
    commands: dict[str, Callable[[Path], Cost]] = {
        "dzsave": lambda folder: _dzsave(vips, folder / "out"),
        "dzsave zip": lambda folder: _dzsave(vips, folder / "out.zip", "--container", "zip"),
        **{
            kind: lambda folder, kind=kind: _export(kind, folder)  # type: ignore[misc]
            for kind in ("--tiles", "--zip", "--dzi")
        },
    }
    costs: dict[str, list[Cost]] = {name: [] for name in commands}
    for turn in range(effort.of(2, 1)):
        for name in rotated(list(commands), turn):
            with tempfile.TemporaryDirectory(dir=_place()) as folder:
                costs[name].append(commands[name](Path(folder)))
    for bar, own, peer in (
        (TILES, "--tiles", "dzsave"),
        (ZIP, "--zip", "dzsave zip"),
        (DZI, "--dzi", "dzsave"),
    ):
        value = _cpu(costs[peer]) / _cpu(costs[own])
        yield Figure(bar=bar, value=value, ours=_told(costs[own]), peer=_told(costs[peer]))


def _place() -> Path:
    """Choose memory where there is enough: on a disk, making 25,000 files varies by tenfold."""
    if _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _ROOM:
        return _MEMORY
    return CACHE


def _dzsave(vips: str, target: Path, *options: str) -> Cost:
    """Write Deep Zoom tiles as most viewers are given them: 254 px and 1 px of overlap, Q75."""
    command = [vips, "dzsave", str(slides.aperio()), str(target), "--suffix", ".jpeg[Q=75]"]
    command += ["--tile-size", "254", "--overlap", "1", *options]
    return run(command, variables=_THROUGH_LIBTIFF)


def _export(kind: str, folder: Path) -> Cost:
    command = [sys.executable, "-m", "labsight_lab", "export", str(slides.aperio()), kind]
    return run([*command, "--to", str(folder)])


def _cpu(costs: list[Cost]) -> float:
    return statistics.median(cost.cpu for cost in costs)


def _told(costs: list[Cost]) -> str:
    wall = statistics.median(cost.wall for cost in costs)
    return f"{_cpu(costs):.1f} s CPU, {wall:.1f} s"
