"""Is a VSI slide (Olympus cellSens) still being written? Its pixels lie in ``.ets`` files.

Olympus publishes no description; this is what the readers of the field agree on, such as
https://bio-formats.readthedocs.io/en/stable/formats/cellsens-vsi.html. All numbers are little
endian. A header of 64 bytes (``SIS``) says where a second one (``ETS``) and a table of tiles lie.
"""

import struct
from collections.abc import Sequence
from typing import BinaryIO

from labsight_lab.sync.finished.bounded import Bounded, EnoughSeenError, UnfinishedError
from labsight_lab.sync.look.scan import Seen

SUFFIX = ".ets"
# size, version, dimensions; place and size of the second header; place and length of the table
_HEADER = struct.Struct("<4s3I QI4x QI4x")
_MOST_DIMENSIONS = 16
_BLOCK = 1 << 14  # tiles read at a time


def unfinished(members: Sequence[Seen]) -> str | None:
    """Return why a slide is not written to its end as far as its file names tell."""
    if any(seen.path.lower().endswith(SUFFIX) for seen in members):
        return None
    return "its folder holds no .ets file yet"


def unfinished_ets(file: BinaryIO, size: int) -> str | None:
    """Return why an ETS file is not written to its end, or None if it may be."""
    if size == 0:
        return "it is empty"
    try:
        _check(Bounded(file, size))
    except UnfinishedError as reason:
        return str(reason)
    except EnoughSeenError:
        return None
    return None


def _check(file: Bounded) -> None:
    head = file.read(0, min(_HEADER.size, file.size))
    if not any(head):
        raise UnfinishedError("its header is not written yet")
    if not b"SIS\0".startswith(head[:4]):
        raise EnoughSeenError
    if len(head) < _HEADER.size:
        raise UnfinishedError("it ends inside its header")
    _, _, _, dimensions, second, length, table, tiles = _HEADER.unpack(head)
    if not (second and table):
        raise UnfinishedError("its header is not written yet")
    file.inside(second, length)
    magic = file.read(second, 4)
    if not any(magic):
        raise UnfinishedError("its second header is not written yet")
    if magic != b"ETS\0" or not 0 < dimensions <= _MOST_DIMENSIONS:
        raise EnoughSeenError
    _check_tiles(file, table, tiles, dimensions)


def _check_tiles(file: Bounded, table: int, tiles: int, dimensions: int) -> None:
    """Look at the table: of each tile its place in the image, its offset and its length."""
    entry = struct.Struct(f"<{4 + 4 * dimensions}xQI4x")
    file.inside(table, tiles * entry.size)
    for done in range(0, tiles, _BLOCK):
        count = min(_BLOCK, tiles - done)
        block = file.read(table + done * entry.size, count * entry.size)
        for offset, length in entry.iter_unpack(block):
            file.inside(offset, length)
