"""Exports a slide: finds out what is to be written where, what is there already, and writes."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from os import PathLike
from pathlib import Path
from typing import Protocol

from labsight.errors import Conflict, InvalidInput, ObjectChanged, StorageUnavailable
from labsight.objects.side_by_side import side_by_side
from labsight.slides import geometry
from labsight.slides.export import deep_zoom, native, szi
from labsight.slides.export.disk import JOURNAL, PART, name_finally, writing
from labsight.slides.export.folder import FolderSink
from labsight.slides.export.journal import Journal
from labsight.slides.export.named import NamedSink, is_named
from labsight.slides.export.ome_tiff import OmeTiff
from labsight.slides.export.options import Options, Target
from labsight.slides.export.plan import Batch, Plan, Sink
from labsight.slides.export.source import ExportSource
from labsight.slides.export.tiff_file import TiffSink
from labsight.slides.export.zip_file import ZipSink

_FORMAT = 1  # raised when exports of older releases cannot be continued
MAX_WORKERS = 4  # each has a block of decoded px in memory
_SUFFIXES = {
    Target.TILES: (),
    Target.ZIP: (".zip",),
    Target.DZI: (".dzi",),
    Target.SZI: (".szi",),
    Target.OME_TIFF: (".ome.tif", ".ome.tiff", ".ome.btf"),
}


class Progress(Protocol):
    """Who is told how far an export is."""

    def begin(self, tiles: int, done: int) -> None:
        """Hear how many tiles there will be, and how many an earlier run has written."""
        ...

    def moved(self, tiles: int, written: int) -> None:
        """Hear of tiles and bytes that were written."""
        ...


@dataclass(frozen=True)
class Exported:
    """What was written: where, how many tiles and bytes by this run, and by earlier ones."""

    path: Path
    tiles: int
    bytes: int
    earlier: int


def place_of(to: str | PathLike[str] | None, target: Target, name: str) -> Path:
    """Return the path of an export: ``to`` itself, or a name in it when it is a folder.

    What ends in a separator means a folder, be it there or not. A folder that is a finished export
    of tiles is taken for the target, not for a place to put another one into.
    """
    suffixes = _SUFFIXES[target]
    first = suffixes[0] if suffixes else ""
    if to is None:
        return Path(name + first).absolute()
    folder, to = _means_folder(to), Path(to)
    if (folder or to.is_dir()) and not (
        target is Target.TILES and (to / native.DESCRIPTOR).exists()
    ):
        return (to / (name + first)).absolute()
    if not to.name or to.name in {".", ".."}:
        raise InvalidInput(f"--to {to}: give the name of what is to be written")
    if suffixes and not to.name.lower().endswith(suffixes):
        to = to.with_name(to.name + first)
    return to.absolute()


def _means_folder(to: str | PathLike[str]) -> bool:
    return os.fspath(to).endswith(("/", os.sep))


def export(
    source: ExportSource,
    target: Target,
    to: str | PathLike[str] | None,
    options: Options,
    progress: Progress,
) -> Exported:
    """Write an export, or what is lacking of one that was interrupted.

    ``to`` is what to write, or a folder to write it into, which is made when its name ends in a
    separator.
    Raises InvalidInput, Conflict (something is there already; the slide changed), NotPermitted,
    StorageUnavailable (no room), and what reading the slide raises.
    """
    options.check(target)
    final = place_of(to, target, source.name)
    if to is not None and _means_folder(to):
        _make_folder(Path(to))
    written = final.with_name(f"{final.stem}_files") if target is Target.DZI else final
    _check_place(final, written)
    with _named(source, written), _opened(source, target, options, final, written) as (plan, sink):
        earlier = _count(plan, sink)
        _check_room(final, plan, earlier)
        progress.begin(plan.tiles, earlier)
        tiles, size = _run(plan, sink, progress)
        sink.finish()
    return Exported(final, tiles, size, earlier)


@contextmanager
def _opened(
    source: ExportSource, target: Target, options: Options, final: Path, written: Path
) -> Iterator[tuple[Plan, Sink]]:
    """Yield plan and sink; the sink is closed at the end, whatever happens."""
    image = OmeTiff(source, options) if target is Target.OME_TIFF else None
    name = final.name[: -len(final.suffix)] if final.suffix else final.name
    match target:
        case Target.TILES:
            plan = native.plan(source, options)
        case Target.ZIP:
            plan = native.plan(source, options, f"{name}/")
        case Target.DZI:
            plan = deep_zoom.plan(source, options)
        case Target.SZI:
            plan = szi.szi_plan(source, options, name)
        case Target.OME_TIFF:
            plan = (image or OmeTiff(source, options)).plan()
    identity = {"export": _FORMAT, "target": str(target), "slide": source.version, **plan.options}
    journal = Journal(written.with_name(written.name + PART + JOURNAL), identity, plan.layers)
    sink: Sink
    try:
        last = partial(_write_once, final, source, options) if target is Target.DZI else None
        if is_named(written):
            sink = NamedSink(written, journal, last)
        elif image is not None:
            sink = TiffSink(final, journal, image)
        elif target in {Target.ZIP, Target.SZI}:
            sink = ZipSink(final, journal, plan.layers)
        else:
            sink = FolderSink(written, journal, plan.layers, last)
    except BaseException:
        journal.close()
        raise
    try:
        yield plan, sink
    finally:
        sink.close()


def _run(plan: Plan, sink: Sink, progress: Progress) -> tuple[int, int]:
    """Write what is lacking; return the number of tiles and bytes."""
    tiles = size = 0
    workers = max(1, min(MAX_WORKERS, os.cpu_count() or 1))
    for stage in plan.stages:
        calls = (partial(unit.make, sink.has) for unit in stage.units(sink) if unit.lacks(sink.has))
        made: Iterator[list[Batch]]
        made = side_by_side(calls, workers) if stage.decoding else (call() for call in calls)
        for batches in made:
            for batch in batches:
                if batch.tiles:
                    count = sink.put(batch)
                    tiles, size = tiles + len(batch.tiles), size + count
                    progress.moved(len(batch.tiles), count)
    return tiles, size


def _count(plan: Plan, sink: Sink) -> int:
    return sum(
        sink.has(layer, number)
        for layer, one in enumerate(plan.layers)
        for number in range(one.count)
    )


def _write_once(final: Path, source: ExportSource, options: Options) -> None:
    """Write the descriptor of a Deep Zoom pyramid in one step, unless it is there."""
    part = final.with_name(final.name + PART)
    if final.exists():
        with writing(final):
            part.unlink(missing_ok=True)
        return
    grid = deep_zoom.grid_of(source, options)
    with writing(final):
        part.write_bytes(geometry.deep_zoom_xml(source.index, grid.width, grid.overlap))
    name_finally(part, final)


def _make_folder(folder: Path) -> None:
    if os.path.lexists(folder) and not folder.is_dir():
        raise InvalidInput(f"{folder} is no folder: give another place with --to")
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)


def _check_place(final: Path, written: Path) -> None:
    """Raise unless there is a folder to write to, and nothing that would be overwritten."""
    if not final.parent.is_dir():
        raise InvalidInput(f"{final.parent} is no folder: make it first, or give another --to")
    if is_named(written):
        return
    for path in (final, written):
        if os.path.lexists(path):
            raise Conflict(
                f"{path} exists, and nothing is overwritten: give another place with --to, or "
                "move it away"
            )


def _check_room(final: Path, plan: Plan, earlier: int) -> None:
    """Raise StorageUnavailable when not even the tiles that are copied have room."""
    if earlier:
        return
    with writing(final):
        free = shutil.disk_usage(final.parent).free
    if free < plan.stored_bytes:
        raise StorageUnavailable(
            f"{final.parent} has {_size(free)} free, this export needs more than "
            f"{_size(plan.stored_bytes)}: make room, or give another place with --to"
        )


def _size(count: int) -> str:
    for unit, factor in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= factor:
            return f"{count / factor:.1f} {unit}"
    return f"{count} bytes"


@contextmanager
def _named(source: ExportSource, written: Path) -> Iterator[None]:
    """Say what to do when the slide becomes another one meanwhile."""
    try:
        yield
    except ObjectChanged:
        part = written.name + PART
        raise ObjectChanged(
            f"{source.name} changed while it was exported: delete {part} and {part + JOURNAL} in "
            f"{written.parent} and export it again"
        ) from None
