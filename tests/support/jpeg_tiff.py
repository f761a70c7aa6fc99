"""TIFF files whose tiles are given JPEG streams, so that tiles may lie about themselves."""

import io
import struct
from collections.abc import Sequence

from PIL import Image

from tests.support import hostile


def jpeg_of(width: int, height: int, colour: tuple[int, int, int] = (9, 99, 9)) -> bytes:
    """Return a JPEG stream of one colour."""
    file = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(file, "JPEG", quality=10)
    return file.getvalue()


def make_jpeg_tiff(
    size: tuple[int, int], tile: tuple[int, int], streams: Sequence[bytes], *, gap: int = 0
) -> bytes:
    """Return a single-level YCbCr slide; tiles that share a stream object share its bytes.

    ``gap`` bytes lie between the streams.
    """
    entries = 10
    tables = 8 + 2 + 12 * entries + 4
    lengths = tables + 4 * len(streams)
    bits = lengths + 4 * len(streams)
    places: dict[int, int] = {}
    body = b""
    for stream in streams:
        if id(stream) not in places:
            places[id(stream)] = bits + 6 + len(body)
            body += stream + bytes(gap)
    head = hostile.tiff(
        [
            (256, 4, 1, size[0]),
            (257, 4, 1, size[1]),
            (258, 3, 3, bits),
            (259, 3, 1, 7),
            (262, 3, 1, 6),
            (277, 3, 1, 3),
            (322, 4, 1, tile[0]),
            (323, 4, 1, tile[1]),
            (324, 4, len(streams), tables if len(streams) > 1 else places[id(streams[0])]),
            (325, 4, len(streams), lengths if len(streams) > 1 else len(streams[0])),
        ]
    )
    count = len(streams)
    return (
        head
        + struct.pack(f"<{count}I", *(places[id(stream)] for stream in streams))
        + struct.pack(f"<{count}I", *map(len, streams))
        + struct.pack("<3H", 8, 8, 8)
        + body
    )
