"""Finds the restart intervals of an NDPI level: in the scanner's table, else in the stream."""

import re
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from operator import sub

from labsight.errors import DamagedSlide, UnsupportedSlide
from labsight.slides.formats.tiff.container import Tiff
from labsight.slides.formats.tiff.tags import Code, Directory
from labsight.slides.pixels.intervals import Header

MAX_SCANNED_BYTES = 64 << 20  # of one file, when tables are missing or wrong
MAX_SCANNED_INTERVALS = 1 << 20
MAX_INTERVAL_BYTES = 16 << 20
_PIECE = 4 << 20  # read at once while searching
_TAIL = 64  # bytes at the end of a stream among which its end marker is looked for
_EOI = b"\xff\xd9"
_MARKERS = re.compile(rb"\xff[\xd0-\xd7\xd9]")
_MARKER = 2  # bytes


@dataclass(frozen=True, slots=True)
class Stream:
    """One JPEG stream of the file: its place and length in bytes, and its header."""

    start: int
    length: int
    header: Header


class Restarts:
    """Looks up restart intervals; all levels together may cost only so much searching."""

    def __init__(self, tiff: Tiff) -> None:
        self._tiff = tiff
        self._unsearched = MAX_SCANNED_BYTES

    def find(
        self, directory: Directory, stream: Stream, count: int
    ) -> tuple["array[int]", "array[int]"]:
        """Return where the ``count`` intervals lie in the file, and their lengths in bytes.

        An interval is the entropy-coded bytes between two markers without the markers: RSTn before
        and after it, the end of the header before the first, EOI after the last. A table that
        cannot be right is passed over, as OpenSlide does; the stream itself then tells, unless it
        is too long to search (UnsupportedSlide). Raises DamagedSlide when the stream has other
        intervals than its size needs.
        """
        end = self._end(stream)
        starts = self._listed(directory, stream, count, end) or self._searched(stream, count, end)
        after = starts[1:]
        after.append(end + _MARKER)
        lengths = array("q", map(sub, after, starts))
        if max(lengths) - _MARKER > MAX_INTERVAL_BYTES:
            raise DamagedSlide(
                f"a restart interval claims {max(lengths)} bytes; at most {MAX_INTERVAL_BYTES} "
                "are read"
            )
        return (
            array("Q", (stream.start + start for start in starts)),
            array("I", (length - _MARKER for length in lengths)),
        )

    def _listed(
        self, directory: Directory, stream: Stream, count: int, end: int
    ) -> "array[int] | None":
        """Return the scanner's table, None when there is none or a wrong one."""
        tiff = self._tiff
        counts = tiff.count(directory, Code.NDPI_RESTARTS_HIGH)
        if tiff.count(directory, Code.NDPI_RESTARTS) != count or counts not in (0, count):
            return None
        lower = tiff.numbers(directory, Code.NDPI_RESTARTS)
        upper = tiff.numbers(directory, Code.NDPI_RESTARTS_HIGH)
        if max(lower) > end or (upper and max(upper) > end >> 32):
            return None
        starts = array("q", lower)
        if upper:
            starts = array("q", map(_whole, lower, upper))
        ordered = all(gap > _MARKER for gap in map(sub, starts[1:], starts))
        if starts[0] != stream.header.length or starts[-1] >= end or not ordered:
            return None
        # The first and the last lie beside what was read before, so looking costs no request.
        sampled = {starts[1], starts[-1]}
        return starts if all(self._is_restart(stream.start + start) for start in sampled) else None

    def _is_restart(self, start: int) -> bool:
        marker = self._tiff.data(start - _MARKER, _MARKER)
        return marker[0] == 0xFF and 0xD0 <= marker[1] <= 0xD7

    def _searched(self, stream: Stream, count: int, end: int) -> "array[int]":
        """Return the intervals by looking at every byte of the stream."""
        self._unsearched -= stream.length
        if self._unsearched < 0 or count > MAX_SCANNED_INTERVALS:
            raise UnsupportedSlide(
                "it does not list where its image can be cut, and is too large to search for it"
            )
        starts = array("q", [stream.header.length])
        for marker in self._markers(stream, end):
            starts.append(marker + _MARKER)
            if len(starts) > count:
                break
        ends = starts[1:]
        ends.append(end + _MARKER)
        if len(starts) != count or any(gap <= _MARKER for gap in map(sub, ends, starts)):
            raise DamagedSlide(
                f"a level needs {count} restart intervals, its stream does not have as many: the "
                "file was cut off or is damaged; copy it again from the scanner"
            )
        return starts

    def _markers(self, stream: Stream, end: int) -> Iterator[int]:
        """Yield where the restart markers stand in the stream."""
        for at in range(stream.header.length, end, _PIECE):
            # One byte more, so that a marker between two pieces is seen, once.
            piece = self._tiff.data(stream.start + at, min(_PIECE + 1, end - at))
            for found in _MARKERS.finditer(piece):
                if found[0] == _EOI:
                    return
                yield at + found.start()

    def _end(self, stream: Stream) -> int:
        """Return where the last interval ends: at EOI, which padding may follow."""
        length = min(_TAIL, stream.length - stream.header.length)
        tail = self._tiff.data(stream.start + stream.length - length, length)
        place = tail.rfind(_EOI)
        return stream.length - length + (place if place >= 0 else length)


def _whole(low: int, high: int) -> int:
    return low + (high << 32)
