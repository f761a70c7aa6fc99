"""Reads samples that are stored as they are, or packed as TIFF does it."""

import io
import struct
import zlib

from PIL import Image

from labsight.errors import DamagedSlide, UnsupportedSlide
from labsight.slides.index import Coding

# Compression tag (TIFF 6.0 section 3, TIFF Technical Note 1, libtiff for zstd)
_COMPRESSIONS = {"lzw": 5, "deflate": 8, "packbits": 32773, "zstd": 50000}
# (samples, bits) -> mode of the picture, and Pillow's name for the samples with the low byte first
_LAYOUTS = {
    (1, 8): ("L", "L"),
    (3, 8): ("RGB", "RGB"),
    (1, 16): ("I;16", "I;16"),
    (3, 16): ("RGB", "RGB;16L"),
}
_FAULTS = (OSError, SyntaxError, ValueError, LookupError, TypeError, struct.error)


def read(coding: Coding, data: bytes, width: int, height: int) -> Image.Image:
    """Return the first ``height`` rows of a chunk as L, RGB or I;16; 16 bits of colour become 8.

    ``data`` may hold more rows, as padded tiles do. Raises DamagedSlide and UnsupportedSlide.
    """
    layout = _LAYOUTS.get((coding.samples, coding.bits))
    if layout is None:
        raise UnsupportedSlide(
            f"its samples are {coding.samples} of {coding.bits} bits a pixel; 1 and 3 of 8 and 16 "
            "are read"
        )
    try:
        if coding.kind == "none" or (coding.kind == "deflate" and coding.predictor == 1):
            return _plain(coding, layout, data, (width, height))
        return _through_libtiff(coding, data, (width, height))
    except _FAULTS as error:
        raise DamagedSlide(f"a stored tile cannot be decoded: {error}") from None
    except zlib.error:
        raise DamagedSlide("a stored tile cannot be decoded: its deflated data is bad") from None


def _plain(
    coding: Coding, layout: tuple[str, str], data: bytes, size: tuple[int, int]
) -> Image.Image:
    length = size[0] * size[1] * coding.samples * coding.bits // 8
    if coding.kind == "deflate":
        data = zlib.decompressobj().decompress(data, length)
    if len(data) < length:
        raise DamagedSlide(
            f"a stored tile has {len(data):,} bytes of samples, {size[0]} x {size[1]} px take "
            f"{length:,}"
        )
    mode, raw = layout
    if coding.order == ">":
        raw = {"I;16": "I;16B", "RGB;16L": "RGB;16B"}.get(raw, raw)
    if mode == "RGB" and coding.colour == "ycbcr" and coding.bits == 8:
        return Image.frombuffer("YCbCr", size, data, "raw", "YCbCr", 0, 1).convert("RGB")
    if raw == "I;16B":  # from a buffer, Pillow would keep that order
        return Image.frombytes(mode, size, data, "raw", raw)
    return Image.frombuffer(mode, size, data, "raw", raw, 0, 1)


def _through_libtiff(coding: Coding, data: bytes, size: tuple[int, int]) -> Image.Image:
    """Decode through a TIFF file around this one chunk: libtiff knows packings and predictors."""
    with Image.open(io.BytesIO(_tiff(coding, data, size)), formats=["TIFF"]) as image:
        image.load()
        if image.mode == "I;16B":
            return Image.frombytes("I;16", size, image.tobytes(), "raw", "I;16B")
        if coding.colour == "ycbcr":
            return Image.merge("YCbCr", image.split()).convert("RGB")
        return image


def _tiff(coding: Coding, data: bytes, size: tuple[int, int]) -> bytes:
    """Write one strip as a classic TIFF: header, strip, directory, bits per sample.

    Colours are called RGB or grey whatever they are, for libtiff to leave them alone.
    """
    count, order = coding.samples, coding.order
    directory = 8 + len(data) + len(data) % 2
    entries: list[tuple[int, int, int]] = [  # tag, type (3 SHORT, 4 LONG), value
        (256, 4, size[0]),
        (257, 4, size[1]),
        (258, 3, coding.bits),
        (259, 3, _COMPRESSIONS[coding.kind]),
        (262, 3, 1 if count == 1 else 2),
        (273, 4, 8),
        (277, 3, count),
        (278, 4, size[1]),
        (279, 4, len(data)),
        (317, 3, coding.predictor),
    ]
    values = b""
    for tag, kind, value in entries:
        if tag == 258 and count > 1:
            place = directory + 2 + 12 * len(entries) + 4
            values += struct.pack(f"{order}HHII", tag, kind, count, place)
        else:
            padded = "HHIHxx" if kind == 3 else "HHII"
            values += struct.pack(f"{order}{padded}", tag, kind, 1, value)
    mark = b"II" if order == "<" else b"MM"
    head = mark + struct.pack(f"{order}HI", 42, directory) + data + bytes(len(data) % 2)
    depths = struct.pack(f"{order}{count}H", *[coding.bits] * count)
    return head + struct.pack(f"{order}H", len(entries)) + values + bytes(4) + depths
