"""Slides that claim far more than they hold, and agree with themselves: large counts everywhere.

A single number that grows is refused because it contradicts others. Here width, tiles, tables and
frames fit each other, and lie in holes of a file of many GB, as an upload of zeros would be.
"""

import struct
from collections.abc import Sequence
from random import Random

from labsight.errors import DamagedSlide
from labsight.slides.formats.structure import Structure
from labsight.slides.formats.tiff.slide import read_tiff
from tests.fuzz.target import Target

_HOLE = 1 << 36  # bytes that a file claims to have
_SIDES = (1, 64, 256, 1000, 65_535, 65_536, 1 << 20, (1 << 24) - 1, 1 << 24)
_TILES = (1, 16, 64, 240, 256, 4096, 65_535)
_LONG8, _LONG, _SHORT = 16, 4, 3


class Holed:
    """A file of a few written parts; the rest reads as zeros, or as one byte over and over."""

    def __init__(self, content: bytes, fill: bytes) -> None:
        self._content = content
        self._fill = fill
        self.size = _HOLE

    def read(self, offset: int, length: int) -> bytes:
        """Return exactly so many bytes."""
        if not 0 <= offset <= offset + length <= self.size:
            raise DamagedSlide("beyond the end")
        found = self._content[offset : offset + length]
        return found + self._fill * (length - len(found)) if len(found) < length else found


class Claims(Target):
    """BigTIFF files of levels whose tables lie in the hole."""

    name = "claims"

    def make_seeds(self) -> Sequence[bytes]:
        return [b"Aperio", b"", b"<OME"]

    def run(self, number: int, content: bytes, chance: Random) -> None:
        del content
        sizes = [
            (chance.choice(_SIDES), chance.choice(_SIDES), chance.choice(_TILES))
            for _ in range(chance.choice((1, 1, 2, 8, 40)))
        ]
        file = _big_tiff(sizes, self.seeds[number], chance)
        structure: Structure = read_tiff(Holed(file, chance.choice((b"\0", b"\0", b"\1"))), None)
        assert structure.levels or structure.reason


def _big_tiff(sizes: Sequence[tuple[int, int, int]], words: bytes, chance: Random) -> bytes:
    compression = chance.choice((1, 5, 7, 33005))
    out = bytearray(b"II+\0\x08\0\0\0" + struct.pack("<Q", 16))
    for at, (width, height, tile) in enumerate(sizes):
        count = -(-width // tile) * -(-height // tile)
        kinds = chance.choice((_LONG8, _LONG)), chance.choice((_LONG8, _LONG, _SHORT))
        entries = [
            (256, _LONG, 1, width), (257, _LONG, 1, height), (258, _SHORT, 1, 8),
            (259, _SHORT, 1, compression), (262, _SHORT, 1, 1), (270, 2, max(1, len(words)),
            int.from_bytes(words[:8], "little")), (277, _SHORT, 1, 1), (322, _LONG, 1, tile),
            (323, _LONG, 1, tile), (324, kinds[0], count, _HOLE // 2),
            (325, kinds[1], count, _HOLE // 4),
        ]  # fmt: skip
        last = at == len(sizes) - 1
        after = 0 if last else len(out) + 8 + 20 * len(entries) + 8
        out += struct.pack("<Q", len(entries))
        out += b"".join(struct.pack("<HHQQ", *one) for one in entries) + struct.pack("<Q", after)
    return bytes(out)
