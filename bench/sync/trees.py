"""Folders as a scanner leaves them, made once: small valid TIFF files, a day old."""

import os
import random
import shutil
import struct
import time
from pathlib import Path

from bench.folders import CACHE

_BLOCK = 1 << 20
_DAY = 86_400
_FOLDERS = 20
_ENTRIES = 9


def tree(count: int, size: int, folders: int = _FOLDERS) -> Path:
    """Return a folder with so many slides of so many bytes each, no two alike."""
    made = CACHE / "sync" / f"{count}-files-of-{size}"
    if made.is_dir():
        return made
    making = made.with_name(f"{made.name}.part")
    shutil.rmtree(making, ignore_errors=True)
    for number in range(count):
        folder = making / f"case-{number % folders:03d}"
        folder.mkdir(parents=True, exist_ok=True)
        write_slide(folder / f"slide-{number:06d}.svs", size, seed=number, age=_DAY)
    making.rename(made)
    return made


def write_slide(file: Path, size: int, *, seed: int | str, age: float = 0.0) -> None:
    """Write a TIFF file of one strip of noise that was last changed ``age`` seconds ago.

    https://www.itu.int/itudoc/itu-t/com16/tiff-fx/docs/tiff6.pdf, section 2
    """
    start = 8 + 2 + 12 * _ENTRIES + 4
    width = size - start
    entries = [
        (256, 4, width), (257, 4, 1), (258, 3, 8), (259, 3, 1), (262, 3, 1),
        (273, 4, start), (277, 3, 1), (278, 4, 1), (279, 4, width),
    ]  # fmt: skip
    head = struct.pack("<2sHIH", b"II", 42, 8, len(entries))
    head += b"".join(struct.pack("<HHII", code, kind, 1, value) for code, kind, value in entries)
    chance = random.Random(seed)
    with file.open("wb") as out:
        out.write(head + bytes(4))
        left = width
        while left:
            out.write(chance.randbytes(min(left, _BLOCK)))
            left -= min(left, _BLOCK)
    changed = time.time() - age
    os.utime(file, (changed, changed))
