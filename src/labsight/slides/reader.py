"""Slides for Python: levels, regions as arrays and pictures, wherever the file lies.

The only place of labsight that hands out numpy arrays; numpy is loaded when the first one is made.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property, partial
from operator import index as whole
from os import PathLike, fspath
from types import TracebackType
from typing import TYPE_CHECKING, Self

from labsight.errors import InvalidInput, NotFound
from labsight.slides import sources
from labsight.slides.axes import Axes, Channel
from labsight.slides.index import Level, SlideIndex
from labsight.slides.indexed_files import IndexedFiles
from labsight.slides.pixels import encode, jpeg, render
from labsight.slides.pixels.of_slide import SlidePixels
from labsight.slides.pixels.runs import read_tiles
from labsight.slides.preparing import with_windows
from labsight.slides.staging.scratch import temporary_scratch
from labsight.slides.view import View, parse_view

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image

_MAX_NAMED = 30  # channels in a message


class Slide:
    """One slide, open for reading; safe to share between threads, and to send to processes.

    ``levels`` are finest first. Coordinates are in px of the level asked for, from its upper left
    corner. Opening raises InvalidInput for what is no address, NotFound, NotPermitted,
    StorageUnavailable, and SlideError for files that labsight does not read.
    """

    def __init__(self, uri: str | PathLike[str], headers: Mapping[str, str] | None = None) -> None:
        self._uri, self._headers = fspath(uri), dict(headers or {})
        self._closed = False
        with sources.naming(self._uri):
            self._source = sources.find(self._uri, self._headers)
        self._scratch = temporary_scratch(self._source.store)
        try:
            with sources.naming(self._uri):
                self._indexed = self._source.indexed(self._scratch)
        except BaseException:
            self.close()
            raise

    @cached_property
    def index(self) -> SlideIndex:
        """All that is known of the slide; windows that its file does not tell are found here."""
        found = self._indexed.index
        return with_windows(found, self._pixels_of(found))

    @property
    def levels(self) -> tuple[Level, ...]:
        """Resolutions with their sizes and tile sizes in px, finest first."""
        return self._indexed.index.levels

    @property
    def width(self) -> int:
        """Width of the finest level, px."""
        return self._indexed.index.width

    @property
    def height(self) -> int:
        """Height of the finest level, px."""
        return self._indexed.index.height

    @property
    def mpp(self) -> tuple[float, float] | None:
        """µm per px of the finest level (x, y), where the file tells."""
        return self._indexed.index.mpp

    @property
    def magnification(self) -> float | None:
        """Power of the objective, where the file tells."""
        return self._indexed.index.magnification

    @property
    def axes(self) -> Axes:
        """Channels, focal planes and times."""
        return self.index.axes

    @property
    def channels(self) -> tuple[Channel, ...]:
        """Fluorescence channels; none where samples are colours."""
        return self.index.axes.channels

    @property
    def associated(self) -> tuple[str, ...]:
        """Names of the pictures beside the slide."""
        return tuple(sorted(self._indexed.pictures))

    @property
    def icc(self) -> bytes:
        """The colour profile, empty where there is none."""
        return self._indexed.icc

    def region(
        self,
        level: int,
        x: int,
        y: int,
        width: int,
        height: int,
        *,
        channels: str | Sequence[int] | None = None,
        z: int | None = None,
        t: int | None = None,
    ) -> "NDArray[np.uint8]":
        """Return a region as RGB, shape (height, width, 3); what lies outside is background.

        ``channels`` are numbers, or as in tile addresses: ``0:FF0000:100-4000,1:00FF00`` (number,
        colour, black-white). Without it all are shown, at the middle ``z`` and the first ``t``.
        """
        self._check(level)
        view = self._view(channels, z, t)
        image = self._pixels.region(level, (x, y, width, height), (width, height), view)
        return _array(image)

    def samples(
        self,
        level: int,
        x: int,
        y: int,
        width: int,
        height: int,
        *,
        channel: int | str = 0,
        z: int = 0,
        t: int = 0,
    ) -> "NDArray[np.uint8 | np.uint16]":
        """Return a region of one plane as it was measured: uint8 or uint16.

        The shape is (height, width), of colours (height, width, 3). ``channel`` is a number, or a
        name as ``channels`` has it.
        """
        self._check(level)
        axes = self._indexed.index.axes
        number = _channel(channel, axes)
        z, t = _checked_place("z", z, axes.z), _checked_place("t", t, axes.t)
        box, plane = (x, y, width, height), axes.plane(number, z, t)
        return _array(self._pixels_of(self._indexed.index).samples(level, box, box[2:], plane))

    def picture(self, name: str) -> "NDArray[np.uint8]":
        """Return an associated picture as RGB, shape (height, width, 3)."""
        self._check()
        read = self._indexed.pictures.get(name)
        if read is None:
            there = ", ".join(self.associated) or "none"
            raise NotFound(f"this slide has no {name[:40]!r}; there is: {there}")
        return _array(read().convert("RGB"))

    def thumbnail(self, side: int = 512) -> "NDArray[np.uint8]":
        """Return the whole slide as RGB, at most ``side`` px wide and high."""
        self._check()
        if side < 1:
            raise InvalidInput(f"side={side}: a thumbnail has one px at least")
        return _array(render.thumbnail(self.index, self._pixels, side))

    def tile(self, level: int, column: int, row: int) -> bytes:
        """Return a tile of the level's own grid as JPEG, as it is stored where that can be."""
        return next(self.tiles(level, [(column, row)]))

    def tiles(self, level: int, places: Iterable[tuple[int, int]]) -> Iterator[bytes]:
        """Yield the tiles at (column, row) in the order asked for.

        Neighbours in a row, asked for one after the other, share a request, and requests to a
        server run side by side.
        """
        self._check(level)
        source = self._indexed.index.levels[level]
        wanted = _pairs(places)
        for place in wanted:
            source.tile_size(*place)  # raises NotFound
        if source.stored and not self._indexed.index.axes.channels:
            return self._stored_tiles(level, wanted)
        return (self._drawn_tile(level, place) for place in wanted)

    def close(self) -> None:
        """Let go of connections and copies; the slide cannot be read any more."""
        self._closed = True
        self._scratch.close()
        self._source.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        size = f"{self.width} x {self.height} px"
        return f"<Slide {self._source.name!r}, {size}, {len(self.levels)} levels>"

    def __reduce__(self) -> tuple[type["Slide"], tuple[str, dict[str, str]]]:
        return Slide, (self._uri, self._headers)

    @cached_property
    def _pixels(self) -> SlidePixels:
        return self._pixels_of(self.index)

    def _pixels_of(self, index: SlideIndex) -> SlidePixels:
        return SlidePixels(self._source.store, index, lambda: self._scratch)

    def _view(self, channels: str | Sequence[int] | None, z: int | None, t: int | None) -> View:
        if channels is not None and not isinstance(channels, str):
            channels = ",".join(map(str, channels))
        return parse_view(
            self.index.axes,
            channels,
            None if z is None else str(z),
            None if t is None else str(t),
        )

    def _stored_tiles(self, number: int, places: list[tuple[int, int]]) -> Iterator[bytes]:
        index = self._indexed.index
        level = index.levels[number]
        chunks = level.planes[index.axes.plane(0, index.axes.middle_z)]
        read = IndexedFiles(self._source.store, index).read
        wanted = [row * level.columns + column for column, row in places]
        parallel = self._source.store.parallel
        found = read_tiles(chunks, wanted, partial(read, chunks.file), parallel)
        for place, chunk in zip(places, wanted, strict=True):
            size = level.tile_size(*place)
            if not chunks.lengths[chunk]:  # blank, or to be had from a finer level
                yield self._drawn_tile(number, place)
                continue
            stream = jpeg.complete(chunks.head, next(found)[1])
            grid = level.tile_width, level.tile_height
            yield stream if size == grid else render.crop(stream, *size, grid)

    def _drawn_tile(self, level: int, place: tuple[int, int]) -> bytes:
        source = self._indexed.index.levels[level]
        size = source.tile_size(*place)
        box = (place[0] * source.tile_width, place[1] * source.tile_height, *size)
        return encode.jpeg(self._pixels.region(level, box, size, self._view(None, None, None)))

    def _check(self, level: int = 0) -> None:
        if self._closed:
            raise InvalidInput(f"{self._source.name} was closed: open it again")
        self._indexed.index.level(level)


def _checked_place(name: str, value: int, count: int) -> int:
    try:
        number = whole(value)
    except TypeError:
        number = -1
    if not 0 <= number < count:
        raise InvalidInput(f"{name} {str(value)[:40]}: this slide has {name} 0 to {count - 1}")
    return number


def _channel(channel: int | str, axes: Axes) -> int:
    """Return a channel's number; raise InvalidInput naming what there is."""
    if not isinstance(channel, str):
        return _checked_place("channel", channel, max(1, len(axes.channels)))
    names = [one.name for one in axes.channels]
    if names.count(channel) == 1:
        return names.index(channel)
    if not names:
        raise InvalidInput(f"channel {channel[:40]!r}: this slide has colours, not channels")
    why = "several channels of this slide have that name" if channel in names else "no such channel"
    there = ", ".join(f"{number} {name[:40]!r}" for number, name in enumerate(names[:_MAX_NAMED]))
    more = ", ..." if len(names) > _MAX_NAMED else ""
    raise InvalidInput(f"channel {channel[:40]!r}: {why}; this slide has {there}{more}")


def _pairs(places: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return places of tiles; raise InvalidInput for what is none."""
    found, place = [], None
    try:
        for place in places:
            column, row = place
            found.append((whole(column), whole(row)))
    except (TypeError, ValueError):
        wrong = repr(places if place is None else place)[:40]
        raise InvalidInput(f"{wrong}: tiles are asked for by pairs (column, row)") from None
    return found


def _array(image: "Image.Image") -> "NDArray[np.uint8]":
    import numpy as np  # noqa: PLC0415 - only who asks for arrays needs it

    return np.array(image)
