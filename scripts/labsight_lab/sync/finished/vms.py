"""Is a VMS or VMU slide (Hamamatsu) still being written? Its index names its images.

https://openslide.org/formats/hamamatsu/
"""

import struct
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from labsight_lab.sync.finished import ini
from labsight_lab.sync.finished.bounded import Bounded, EnoughSeenError, UnfinishedError
from labsight_lab.sync.look.scan import Seen
from labsight_lab.sync.source import opened

_SECTIONS = ("Virtual Microscope Specimen", "Uncompressed Virtual Microscope Specimen")
_NEEDED = ("ImageFile", "MapFile", "MacroImage")
_HELPFUL = "OptimisationFile"  # speeds up reading; slides without it are whole
_START_OF_SCAN, _END_OF_IMAGE = b"\xff\xda", b"\xff\xd9"  # never inside compressed pixels
_END = 64 << 10  # bytes at the end of a JPEG file in which its end is looked for
_NGR_HEADER = 28
_NGR_PIXEL = 6  # three samples of 16 bits


def names_in(file: BinaryIO) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the files that an index needs, those of all focal planes, and those it also names."""
    sections = ini.read(file)
    values = next((sections[name] for name in _SECTIONS if name in sections), {})
    needed = (value for key, value in values.items() if key.startswith(_NEEDED) and value)
    helpful = values.get(_HELPFUL)
    return tuple(dict.fromkeys(needed)), (helpful,) if helpful else ()


def needed_in(file: BinaryIO) -> tuple[str, ...]:
    """Return the files that an index needs."""
    return names_in(file)[0]


def unfinished(folder: Path, members: Sequence[Seen]) -> str | None:
    """Return why a slide's index is not written to its end, or None if it may be; raise OSError."""
    with opened(folder / members[0].path) as file:
        needed = needed_in(file)
    return None if needed else "it names no image yet"


def unfinished_jpeg(file: BinaryIO, size: int) -> str | None:
    """Return why a JPEG file is not written to its end, or None if it may be."""
    if size == 0:
        return "it is empty"
    file.seek(0)
    head = file.read(2)
    if not any(head):
        return "its header is not written yet"
    if not b"\xff\xd8".startswith(head):
        return None
    file.seek(max(2, size - _END))
    end = file.read(_END)
    is_closed = end.rfind(_END_OF_IMAGE) > end.rfind(_START_OF_SCAN)  # and no thumbnail's end
    return None if is_closed else "it ends inside its picture"


def unfinished_ngr(file: BinaryIO, size: int) -> str | None:
    """Return why a file of uncompressed pixels is not written to its end, or None if it may be."""
    if size == 0:
        return "it is empty"
    try:
        _check_ngr(Bounded(file, size))
    except UnfinishedError as reason:
        return str(reason)
    except EnoughSeenError:
        return None
    return None


def _check_ngr(file: Bounded) -> None:
    head = file.read(0, min(_NGR_HEADER, file.size))
    if not any(head):
        raise UnfinishedError("its header is not written yet")
    if not b"GN".startswith(head[:2]):
        raise EnoughSeenError
    if len(head) < _NGR_HEADER:
        raise UnfinishedError("it ends inside its header")
    width, height, _, start = struct.unpack("<4xIII8xI", head)
    if not (width and height and start):
        raise UnfinishedError("its header is not written yet")
    file.inside(start, width * height * _NGR_PIXEL)
