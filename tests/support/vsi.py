"""Olympus VSI slides: a small TIFF, and its pixels in an ETS file of a folder beside it."""

import io
import struct

import numpy as np
import tifffile


def make_vsi(stem: str = "scan") -> dict[str, bytes]:
    """Return the files of a slide by path; the first is the one to open."""
    file = io.BytesIO()
    tifffile.imwrite(file, np.full((16, 16, 3), 90, np.uint8), photometric="rgb")
    return {f"{stem}.vsi": file.getvalue(), f"_{stem}_/stack1/frame_t.ets": make_ets()}


def make_ets(tiles: int = 6, *, table_first: bool = False) -> bytes:
    """Return pixels with their table of tiles behind them, as cellSens writes it, or in front."""
    dimensions = 4
    second = 64
    second_header = b"ETS\0" + bytes(224)
    table_size = tiles * (4 + 4 * dimensions + 16)
    pixels = [bytes([number + 1]) * (100 + number) for number in range(tiles)]
    start = second + len(second_header) + (table_size if table_first else 0)
    table, at = b"", start
    for number, tile in enumerate(pixels):
        table += struct.pack("<I4I", 0, number % 3, number // 3, 0, 0)
        table += struct.pack("<QI4x", at, len(tile))
        at += len(tile)
    table_at = second + len(second_header) if table_first else at
    head = struct.pack("<4s3I", b"SIS\0", 64, 2, dimensions)
    head += struct.pack("<QI4x", second, len(second_header)) + struct.pack("<QI4x", table_at, tiles)
    body = [table, *pixels] if table_first else [*pixels, table]
    return head.ljust(second, b"\0") + second_header + b"".join(body)
