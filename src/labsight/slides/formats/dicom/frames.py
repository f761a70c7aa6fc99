"""Where the frames of a DICOM file lie (PS3.5, section A.4; PS3.3, C.7.6.3.1.8).

Frames that are not compressed lie one behind the other. Compressed ones lie in fragments, each with
eight bytes of item header in front; where each frame starts stands in the Basic or the Extended
Offset Table, or nowhere, and then all headers are read, many in each request. Only frames of one
fragment can be served from where they lie.
"""

import struct
import sys
from array import array
from dataclasses import dataclass
from itertools import pairwise

from labsight.errors import DamagedSlide
from labsight.slides.formats.dicom.elements import Part10
from labsight.slides.formats.dicom.source import Source
from labsight.slides.formats.dicom.tags import ITEM, UNDEFINED, Tag
from labsight.slides.formats.pyramid import LeftToOpenSlide

MAX_FRAME_BYTES = 64 << 20
_ITEM_HEADER = 8


@dataclass(frozen=True)
class Frames:
    """First byte (u64) and length in bytes (u32) of each frame, in the order of the file."""

    offsets: "array[int]"
    lengths: "array[int]"


def find_frames(part: Part10, count: int, frame_bytes: int) -> Frames:
    """Return the places of the frames of a file read up to its pixel data.

    ``frame_bytes`` is the length of a frame that is not compressed, 0 for compressed ones. Raises
    DamagedSlide, and LeftToOpenSlide for frames of several fragments.
    """
    place = part.found.places.get(Tag.PIXEL_DATA)
    if place is None:
        raise DamagedSlide("the DICOM file has no pixel data: it was cut off; copy it again")
    if count * _ITEM_HEADER > part.source.size:
        raise DamagedSlide(f"the DICOM file claims {count:,} frames, more than it can hold")
    if not frame_bytes:
        frames = _encapsulated(part, place, count)
    elif place[1] == UNDEFINED or place[1] < count * frame_bytes:
        raise DamagedSlide(
            f"the DICOM file needs {count * frame_bytes:,} bytes for its {count:,} frames and has "
            "fewer: it was cut off or is damaged; copy it again"
        )
    else:
        offsets = range(place[0], place[0] + count * frame_bytes, frame_bytes)
        frames = Frames(array("Q", offsets), array("I", [frame_bytes]) * count)
    _check(frames, part.source.size)
    return frames


def _encapsulated(part: Part10, place: tuple[int, int], count: int) -> Frames:
    if place[1] != UNDEFINED:
        raise DamagedSlide("the compressed frames of the DICOM file do not lie in fragments")
    source, at = part.source, place[0]
    table = _item_length(source, at)
    if table is None:
        raise DamagedSlide("the pixel data of the DICOM file does not start with an offset table")
    first = at + _ITEM_HEADER + table
    extended = _extended(part, first, count)
    if extended is not None:
        return extended
    if table == 4 * count:
        offsets = _numbers("I", source.read(at + _ITEM_HEADER, table))
        frames = _by_basic_table(source, first, offsets)
        if frames is not None:
            return frames
    return _by_walking(source, first, count)


def _extended(part: Part10, first: int, count: int) -> Frames | None:
    """Read the Extended Offset Table, which holds lengths too and allows one fragment a frame."""
    places = [part.found.places.get(tag) for tag in (Tag.EXTENDED_OFFSETS, Tag.EXTENDED_LENGTHS)]
    if any(place is None or place[1] != 8 * count for place in places):
        return None
    starts, lengths = (_numbers("Q", part.source.aside(*place)) for place in places if place)
    if max(starts) > part.source.size or max(lengths) > MAX_FRAME_BYTES:
        raise DamagedSlide("the extended offset table of the DICOM file names frames outside it")
    frames = _frames(first, starts, lengths)
    for number in _samples(lengths):
        found = _item_length(part.source, frames.offsets[number] - _ITEM_HEADER)
        if found is None or found < lengths[number]:
            raise DamagedSlide(
                f"the extended offset table of the DICOM file does not fit frame {number + 1}"
            )
    return frames


def _by_basic_table(source: Source, first: int, starts: "array[int]") -> Frames | None:
    """Read frames by the Basic Offset Table; None when it makes no sense.

    The table holds no lengths: a frame ends where the next one starts. Encoders that cut frames
    into fragments do so above some length, so the longest frame tells.
    """
    if starts[0] or any(b - a < _ITEM_HEADER for a, b in pairwise(starts)):
        return None
    last = _item_length(source, first + starts[-1])
    if last is None:
        return None
    lengths = array("q", (end - start - _ITEM_HEADER for start, end in pairwise(starts)))
    lengths.append(last)
    for number in _samples(lengths):
        found = _item_length(source, first + starts[number])
        if found is None:
            return None
        if found != lengths[number]:
            raise _several_fragments()
    _check_end(source, first + starts[-1] + _ITEM_HEADER + last)
    if max(lengths) > MAX_FRAME_BYTES:
        raise DamagedSlide(f"a frame of the DICOM file claims {max(lengths):,} bytes")
    return _frames(first, starts, lengths)


def _by_walking(source: Source, at: int, count: int) -> Frames:
    """Find the frames of a file without a table: the fragments, when there is one for each."""
    frames = Frames(array("Q"), array("I"))
    for number in range(count):
        length = _item_length(source, at, walking=True)
        if length is None or length > MAX_FRAME_BYTES:
            raise DamagedSlide(
                f"the DICOM file should have {count:,} frames, after {number:,} there is none: "
                "it was cut off or is damaged; copy it again"
            )
        at += _ITEM_HEADER
        frames.offsets.append(at)
        frames.lengths.append(length)
        at += length
    _check_end(source, at)
    return frames


def _check_end(source: Source, at: int) -> None:
    """See to it that no fragment follows the last frame.

    Nearly always the pixel data ends the file, and no look is needed.
    """
    if at + _ITEM_HEADER < source.size and _item_length(source, at) is not None:
        raise _several_fragments()


def _frames(first: int, starts: "array[int]", lengths: "array[int]") -> Frames:
    """Return frames by where their fragments start, counted from the first one."""
    offsets = array("Q", (first + start + _ITEM_HEADER for start in starts))
    return Frames(offsets, array("I", lengths))


def _samples(lengths: "array[int]") -> set[int]:
    """Return the numbers of the frames whose headers are looked at."""
    return {0, len(lengths) - 1, max(range(len(lengths)), key=lengths.__getitem__)}


def _item_length(source: Source, at: int, *, walking: bool = False) -> int | None:
    """Return the length of the fragment whose header is at ``at``, None when there is none."""
    if at + _ITEM_HEADER > source.size:
        return None
    read = source.read if walking else source.aside
    group, element, length = struct.unpack("<HHI", read(at, _ITEM_HEADER))
    tag = group << 16 | element
    if tag != ITEM or length == UNDEFINED or at + _ITEM_HEADER + length > source.size:
        return None
    return int(length)


def _check(frames: Frames, size: int) -> None:
    """Refuse frames outside the file, and such as share their bytes."""
    ends = (start + length for start, length in zip(frames.offsets, frames.lengths, strict=True))
    if max(ends) > size:
        raise DamagedSlide(
            "a frame of the DICOM file lies outside it: it was cut off; copy it again"
        )
    if sum(frames.lengths) > size:
        raise DamagedSlide("the frames of the DICOM file are said to lie at the same place")


def _numbers(kind: str, raw: bytes) -> "array[int]":
    values = array(kind)
    values.frombytes(raw)
    if sys.byteorder == "big":
        values.byteswap()
    return values


def _several_fragments() -> LeftToOpenSlide:
    return LeftToOpenSlide("its frames are stored in several fragments each")
