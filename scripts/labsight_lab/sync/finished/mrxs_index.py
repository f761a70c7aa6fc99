"""The index of an MRXS slide: each picture that it names must lie inside its data file.

https://openslide.org/formats/mirax/ and
https://github.com/openslide/openslide/blob/main/misc/imhex/mirax-index.hexpat
"""

import struct
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from labsight_lab.sync.finished import ini
from labsight_lab.sync.finished.bounded import Bounded, EnoughSeenError, cut_off

VERSION = b"01.02"
MAX_PAGES = 1 << 18
_MAX_RECORDS = 10_000
_MAX_LENGTH = 1 << 31  # what a signed 32-bit number cannot say is no length


def check(file: BinaryIO, size: int, sections: ini.Sections, data_sizes: Sequence[int]) -> None:
    """Raise UnfinishedError if the index is cut off or points beyond the end of a data file.

    ``data_sizes`` are bytes, in the order of Slidedat.ini. Raises EnoughSeenError for what is odd.
    """
    index = _Index(Bounded(file, size, name="its index"))
    identity = sections.get("GENERAL", {}).get("SLIDE_ID", "").encode()
    start = len(VERSION) + len(identity)
    if index.file.read(0, start) != VERSION + identity:
        raise EnoughSeenError
    lists = sections.get("HIERARCHICAL", {})
    for record in range(_values(lists, "HIER_0")):  # the levels of the picture
        for _, offset, length, at in index.entries(start, record, "<4I"):
            _inside(offset, length, at, data_sizes)
    groups = min(ini.whole(lists.get("NONHIER_COUNT")) or 0, _MAX_RECORDS)
    records = sum(_values(lists, f"NONHIER_{group}") for group in range(groups))
    for record in range(min(records, _MAX_RECORDS)):
        for first, second, offset, length, at in index.entries(start + 4, record, "<5I"):
            if not (first or second):  # what other entries are is not known
                _inside(offset, length, at, data_sizes)


def _values(lists: dict[str, str], group: str) -> int:
    return min(ini.whole(lists.get(f"{group}_COUNT")) or 0, _MAX_RECORDS)


def _inside(offset: int, length: int, at: int, data_sizes: Sequence[int]) -> None:
    if at >= len(data_sizes) or offset >= _MAX_LENGTH or length >= _MAX_LENGTH:
        raise EnoughSeenError
    if offset + length > data_sizes[at]:
        raise cut_off(f"its data file {at}", data_sizes[at], offset + length)


class _Index:
    """The index as it is read; pages are counted, since they may form a circle."""

    def __init__(self, file: Bounded) -> None:
        self.file = file
        self._pages = 0

    def entries(self, root: int, record: int, form: str) -> Iterator[tuple[int, ...]]:
        """Yield what the pages of a root's record hold; the first page holds nothing."""
        at = self._number(self._number(root) + 4 * record)
        width = struct.calcsize(form)
        while at:
            self._pages += 1
            if self._pages > MAX_PAGES:
                raise EnoughSeenError
            count, following = struct.unpack("<II", self.file.read(at, 8))
            yield from struct.iter_unpack(form, self.file.read(at + 8, count * width))
            at = following

    def _number(self, at: int) -> int:
        return int.from_bytes(self.file.read(at, 4), "little")
