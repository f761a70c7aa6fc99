"""JPEG streams as TIFF holds them: complete, or abbreviated with the tables kept once per image."""

import io
import struct
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.uint8]  # height x width x 3, RGB

SOI, EOI = b"\xff\xd8", b"\xff\xd9"
_SOF0, _DHT, _SOS, _DQT, _APP0, _APP14 = 0xC0, 0xC4, 0xDA, 0xDB, 0xE0, 0xEE
_PILLOW_SUBSAMPLING = {(1, 1): 0, (2, 1): 1, (2, 2): 2}


@dataclass(frozen=True, kw_only=True)
class Encoding:
    """How pixels become JPEG.

    ``rgb`` stores R, G and B as they are (what Aperio calls JPEG/RGB), ``ycbcr`` is usual JPEG. An
    abbreviated stream has no quantisation and Huffman tables, and no APP0 or APP14 that would tell
    a decoder the colour space: the TIFF's tags do.
    """

    photometric: Literal["rgb", "ycbcr"] = "rgb"
    quality: int = 30
    subsampling: tuple[int, int] = (1, 1)
    abbreviated: bool = True

    def __post_init__(self) -> None:
        if self.subsampling not in _PILLOW_SUBSAMPLING:
            raise ValueError(f"subsampling {self.subsampling}: (1, 1), (2, 1) or (2, 2)")
        if self.photometric == "rgb" and self.subsampling != (1, 1):
            raise ValueError("R, G and B are never subsampled: use photometric='ycbcr'")

    def complete(self, pixels: Pixels) -> bytes:
        """Return a stream that decodes by itself."""
        out = io.BytesIO()
        Image.fromarray(pixels).save(
            out,
            "JPEG",
            quality=self.quality,
            keep_rgb=self.photometric == "rgb",
            subsampling=_PILLOW_SUBSAMPLING[self.subsampling],
        )
        return out.getvalue()

    def chunk(self, pixels: Pixels) -> bytes:
        """Return the stream of one tile or strip."""
        whole = self.complete(pixels)
        return split(whole)[1] if self.abbreviated else whole

    def tables(self) -> bytes:
        """Return what tag JPEGTables holds: the same for all chunks of an image."""
        return split(self.complete(np.zeros((16, 16, 3), np.uint8)))[0]


def split(whole: bytes) -> tuple[bytes, bytes]:
    """Split a stream into its tables and an abbreviated stream as Aperio writes them."""
    at, tables, rest = len(SOI), b"", b""
    while True:
        marker, size = whole[at + 1], 2 + struct.unpack_from(">H", whole, at + 2)[0]
        segment = whole[at : at + size]
        at += size
        if marker == _SOS:
            return SOI + tables + EOI, SOI + rest + _renumber(segment, 4, 2) + whole[at:]
        if marker in {_DQT, _DHT}:
            tables += segment
        elif marker == _SOF0:
            rest += _renumber(segment, 9, 3)
        elif marker not in {_APP0, _APP14}:
            rest += segment


def _renumber(segment: bytes, count_at: int, step: int) -> bytes:
    """Call the components 0, 1, 2 as Aperio does; encoders say 1, 2, 3 or the letters R, G, B."""
    changed = bytearray(segment)
    for component in range(changed[count_at]):
        changed[count_at + 1 + component * step] = component
    return bytes(changed)
