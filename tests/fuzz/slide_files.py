"""Whole slide files: changed, read as import reads them, and shown as a browser would have it."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random

from labsight.errors import DamagedSlide
from labsight.slides import sidecar
from labsight.slides.formats.dicom.series import is_dicom, read_dicom, series_of
from labsight.slides.formats.structure import Structure
from labsight.slides.formats.tiff.slide import read_tiff
from labsight.slides.index import Level, SlideIndex, SourceFile
from labsight.slides.pixels.render import ChunkPixels
from labsight.slides.ranges import Bytes
from tests.fuzz.mutation import Span
from tests.fuzz.target import EXPECTED, Target

_HEAD = 640  # bytes of a chunk that tell how it is coded
_LOOKS = 2  # tiles that are drawn of each slide that can still be read
_HOLES = (1 << 20, 1 << 24, 1 << 27, 1 << 33)  # bytes of nothing behind a file
_HOLED = 0.15  # share of the cases with a hole


@dataclass(frozen=True)
class Slide:
    """A file to change, and the files that come with it, by name."""

    content: bytes
    others: Mapping[str, bytes] = field(default_factory=dict)


class Content:
    """A file in memory; behind its content it may have a hole, so that counts can be large."""

    def __init__(self, content: bytes, hole: int = 0) -> None:
        self._content = content
        self._size = len(content) + hole

    @property
    def size(self) -> int:
        """Length in bytes."""
        return self._size

    def read(self, offset: int, length: int) -> bytes:
        """Return exactly so many bytes; ObjectBytes refuses the same before it comes to this."""
        if offset < 0 or length < 0 or offset + length > self._size:
            raise DamagedSlide("beyond the end")
        return self._content[offset : offset + length].ljust(length, b"\0")


class Slides(Target):
    """Slides of one family of formats."""

    def __init__(self, name: str, make: Callable[[], Sequence[Slide]]) -> None:
        self.name = name
        self._make = make
        self._slides: Sequence[Slide] = ()

    def make_seeds(self) -> Sequence[bytes]:
        self._slides = self._make()
        return [slide.content for slide in self._slides]

    def hot_of(self, number: int) -> Sequence[Span]:
        """Return what is no chunk, and how the chunks begin."""
        files = [Content(self.seeds[number]), *map(Content, self._slides[number].others.values())]
        structure = self._structure(number, files)
        assert structure.levels, f"{self.name}: seed {number} is no slide: {structure.reason}"
        cold = bytearray(len(self.seeds[number]))
        for level in structure.levels:
            for chunks in level.planes:
                if chunks.file == 0:
                    for start, length in zip(chunks.offsets, chunks.lengths, strict=True):
                        cold[start + _HEAD : start + length] = b"\1" * max(0, length - _HEAD)
        return _runs(cold)

    def run(self, number: int, content: bytes, chance: Random) -> None:
        hole = chance.choice(_HOLES) if chance.random() < _HOLED else 0
        files = [Content(content, hole)]
        files += [Content(one) for one in self._slides[number].others.values()]
        if is_dicom(files[0]):
            chance.shuffle(files)
        structure = self._structure(number, files)
        assert structure.levels or structure.reason, "neither levels nor a reason"
        for decode in structure.pictures.values():
            with suppress(*EXPECTED):
                decode()
        if structure.levels:
            _look(structure, files, chance)

    def _structure(self, number: int, files: Sequence[Bytes]) -> Structure:
        if is_dicom(files[0]):
            for one in files:
                series_of(one)
            return read_dicom(files)
        names = list(self._slides[number].others)

        def open_other(name: str) -> tuple[int, Bytes] | None:
            return (names.index(name) + 1, files[names.index(name) + 1]) if name in names else None

        return read_tiff(files[0], open_other)


def _runs(cold: bytearray) -> list[Span]:
    """Return the runs of zeros, long ones more than once, so that none is passed over."""
    runs, at = [], 0
    while (start := cold.find(0, at)) >= 0:
        at = cold.find(1, start)
        at = len(cold) if at < 0 else at
        runs.append((start, at))
    return runs


def _look(structure: Structure, files: Sequence[Bytes], chance: Random) -> None:
    """Keep the index as import does, and draw some tiles from what was kept."""
    index = SlideIndex(
        key="slides/lab/x",
        etag="e",
        size=files[0].size,
        format="x",
        files=tuple(SourceFile(f"slides/lab/{n}", "e", one.size) for n, one in enumerate(files)),
        levels=structure.levels,
        axes=structure.axes,
    )
    kept = sidecar.from_bytes(sidecar.to_bytes(index))
    assert kept == index, "the sidecar is read back as something else"
    for level in index.levels:
        for chunks in level.planes:
            size = files[chunks.file].size
            ends = map(sum, zip(chunks.offsets, chunks.lengths, strict=True))
            assert max(ends, default=0) <= size, "a chunk lies outside its file"

    def read(file: int, start: int, length: int) -> bytes:
        return files[file].read(start, length)

    pixels = ChunkPixels(kept, read)
    for _ in range(_LOOKS):
        number = chance.randrange(len(kept.levels))
        with suppress(*EXPECTED):
            box = _tile(kept.levels[number], chance)
            shrink = chance.choice((1, 1, 2, 8))
            wanted = -(-box[2] // shrink), -(-box[3] // shrink)
            drawn = pixels.region(number, box, wanted)
            assert (drawn.mode, drawn.size) == ("RGB", wanted), "another picture than asked for"


def _tile(level: Level, chance: Random) -> tuple[int, int, int, int]:
    """Return where a published tile lies, one of the last as often as any other."""
    column, row = (
        chance.choice((0, count - 1, chance.randrange(count)))
        for count in (level.columns, level.rows)
    )
    return column * level.tile_width, row * level.tile_height, *level.tile_size(column, row)
