"""Single chunks and colour profiles, as they come to the decoders."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

import numpy as np
from PIL import Image, ImageCms

from labsight.slides.index import Coding, Level
from labsight.slides.pixels import colour, encode, intervals, jpeg
from labsight.slides.pixels.decode import decode, decode_jpeg
from tests.fuzz.mutation import Span
from tests.fuzz.target import Target
from tests.support import chunked, ndpi_files

_SIDE = 96  # px, of the tiles
_HEAD = 700  # bytes of a stream that tell how it is coded
_SHORT = 54  # px of height of a last strip


@dataclass(frozen=True)
class Packing:
    """A tile: how it is coded, and its bytes."""

    coding: Coding
    stored: bytes


class Tiles(Target):
    """Chunks of every coding."""

    name = "tiles"

    def make_seeds(self) -> Sequence[bytes]:
        self._packings = list(_packings())
        return [one.stored for one in self._packings]

    def hot_of(self, number: int) -> Sequence[Span]:
        return [(0, min(_HEAD, len(self.seeds[number])))]

    def run(self, number: int, content: bytes, chance: Random) -> None:
        coding = self._packings[number].coding
        level = Level(200, 150, _SIDE, _SIDE, coding, _SIDE, _SIDE)
        shrink = chance.choice((1, 2, 4, 8))
        image = decode(level, b"", content, shrink, chance.choice((None, _SHORT)))
        assert image.mode in {"RGB", "L", "I;16"}, image.mode
        assert image.width == -(-_SIDE // shrink), image.size


class EdgeTiles(Target):
    """Stored tiles that are completed with tables and cut at the level's edge."""

    name = "edge tiles"

    def make_seeds(self) -> Sequence[bytes]:
        return [one.stored for one in _packings() if one.coding.kind == "jpeg"]

    def hot_of(self, number: int) -> Sequence[Span]:
        return [(0, min(_HEAD, len(self.seeds[number])))]

    def run(self, number: int, content: bytes, chance: Random) -> None:
        tables = chance.choice((b"", content[:300] + jpeg.EOI, self.seeds[number][:200] + jpeg.EOI))
        stream = jpeg.complete(jpeg.head(tables, rgb=chance.random() < 0.5), content)
        cut = encode.crop(stream, 50, 30, (_SIDE, _SIDE))
        with Image.open(io.BytesIO(cut)) as image:
            assert image.size == (50, 30), image.size


class RestartIntervals(Target):
    """The header of a stream as large as a slide, and intervals of it that are joined."""

    name = "restart intervals"

    def make_seeds(self) -> Sequence[bytes]:
        self._streams = [
            ndpi_files.cut(chunked.picture(192, 96), 96),
            ndpi_files.cut(chunked.picture(192, 96), 192, subsampling=2),
            ndpi_files.cut(chunked.picture(192, 96, 1), 96),
        ]
        return [one.head + b"".join(_intervals(one)) for one in self._streams]

    def hot_of(self, number: int) -> Sequence[Span]:
        return [(0, len(self._streams[number].head))]

    def run(self, number: int, content: bytes, chance: Random) -> None:
        header = intervals.read_header(content)
        rest, parts = content[header.length :], []
        for one in _intervals(self._streams[number]):
            parts.append(rest[: len(one)])
            rest = rest[len(one) :]
        size = chance.choice(((192, 96), (192, 48), (header.width, header.height)))
        columns = (header.grid(*size) or (1, 1))[0] if min(size) else 1
        rows = [parts[at : at + columns] for at in range(0, len(parts), columns)]
        stream = intervals.join(content[: header.length], rows, *size)
        image = decode_jpeg(stream, Coding("jpeg", header.components), 1, (size,))
        assert image.size == size, image.size


class Profiles(Target):
    """Colour profiles."""

    name = "colour profiles"

    def make_seeds(self) -> Sequence[bytes]:
        made = [ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()]
        gamma = made[0].replace(b"mntrRGB XYZ ", b"scnrRGB XYZ ")
        return [*made, gamma]

    def run(self, number: int, content: bytes, chance: Random) -> None:
        del number
        image = Image.new(chance.choice(("RGB", "L")), (8, 8), 90)
        changed = colour.to_srgb(image, content)
        assert (changed.mode, changed.size) == ("RGB", (8, 8))


def _intervals(stream: ndpi_files.Stream) -> list[bytes]:
    return [one for one in stream.intervals if isinstance(one, bytes)]


def _packings() -> Iterator[Packing]:
    rgb, grey = chunked.picture(_SIDE, _SIDE), chunked.picture(_SIDE, _SIDE, 1)
    deep = chunked.picture16(_SIDE, _SIDE)
    ycbcr, plain = Coding("jpeg", colour="ycbcr"), Coding("jpeg", 1, colour="grey")
    yield Packing(ycbcr, chunked.jpeg_of(rgb, 70))
    yield Packing(ycbcr, chunked.jpeg_of(rgb, 70, subsampling=2, restart_marker_rows=1))
    yield Packing(ycbcr, chunked.jpeg_of(rgb, 70, progressive=True))
    yield Packing(Coding("jpeg"), chunked.jpeg_of(rgb, 70, keep_rgb=True))
    yield Packing(plain, chunked.jpeg_of(grey, 70))
    yield Packing(Coding("jpeg", 1, colour="inverted"), chunked.jpeg_of(grey, 70))
    yield Packing(Coding("jpeg2000"), chunked.wavelets_of(rgb))
    yield Packing(
        Coding("jpeg2000", colour="ycbcr"), chunked.wavelets_of(rgb, mct=0, tile_size=(64, 64))
    )
    yield Packing(
        Coding("jpeg2000", 1, colour="grey"), chunked.wavelets_of(grey, irreversible=True)
    )
    yield Packing(Coding("jpeg2000", 1, 16, "grey"), chunked.wavelets_of(deep))
    for bits, pixels in ((8, rgb), (8, grey), (16, deep)):
        samples = 3 if pixels.ndim == 3 else 1
        name = "rgb" if samples == 3 else "grey"
        yield Packing(Coding("none", samples, bits, name), pixels.tobytes())
        for kind in ("lzw", "deflate", "packbits", "zstd"):
            stored = _packed(pixels, kind)
            yield Packing(Coding(kind, samples, bits, name), stored)
            yield Packing(Coding(kind, samples, bits, name, ">", 2), stored)


def _packed(pixels: Any, kind: str) -> bytes:
    """Return one strip as Pillow's TIFF writer packs it."""
    file = io.BytesIO()
    compression = {"lzw": "tiff_lzw", "deflate": "tiff_adobe_deflate"}.get(kind, kind)
    rows = np.ascontiguousarray(pixels)
    Image.fromarray(rows).save(file, "TIFF", compression=compression, tiffinfo={278: len(rows)})
    with Image.open(file) as image:
        tags = image.getexif()
        start, length = tags[273], tags[279]
    return file.getvalue()[start : start + length]
