"""Where the frames of a TILED_SPARSE image stand, from the groups of each frame (PS3.3, C.8.12.6).

A slide may have hundreds of thousands of frames, each with a dozen nested attributes that are
written alike. So the bytes of one item become a pattern for those that follow, which only differ in
their values, and only what fits no pattern is parsed element by element.
"""

import re
from array import array
from dataclasses import dataclass, field

from labsight.errors import DamagedSlide
from labsight.slides.formats.dicom.elements import Part10
from labsight.slides.formats.dicom.tags import SEQUENCE_END, UNDEFINED, Tag
from labsight.slides.formats.dicom.values import decimal_of, text_of
from labsight.slides.formats.pyramid import LeftToOpenSlide

MAX_ITEM_BYTES = 64 << 10
MAX_PATTERNS = 64
MAX_PATHS = 1024
_NAMES: dict[int, str] = {
    Tag.COLUMN_POSITION: "column",
    Tag.ROW_POSITION: "row",
    Tag.Z_OFFSET: "z",
    Tag.OPTICAL_PATH_IDENTIFIER: "path",
}


@dataclass
class Positions:
    """Column and row of each frame's first pixel (from 1), its z in µm, and its optical path.

    ``paths`` are numbers in ``identifiers``; the empty identifier stands for frames without one.
    """

    columns: "array[int]" = field(default_factory=lambda: array("i"))
    rows: "array[int]" = field(default_factory=lambda: array("i"))
    z: "array[float]" = field(default_factory=lambda: array("d"))
    paths: "array[int]" = field(default_factory=lambda: array("H"))
    identifiers: dict[str, int] = field(default_factory=dict)


def read_positions(part: Part10, count: int) -> Positions | None:
    """Read the groups of ``count`` frames where the file stands; None when it has none there.

    Raises DamagedSlide, and LeftToOpenSlide for frames that tell no place.
    """
    place = part.place_of(Tag.PER_FRAME_GROUPS)
    if place is None:
        return None
    part.allow(count)
    at, length = place
    found = Positions()
    patterns: list[re.Pattern[bytes]] = []
    while len(found.columns) < count and (length == UNDEFINED or at < place[0] + length):
        at = _item(part, at, patterns, found)
    if len(found.columns) < count:
        raise DamagedSlide(
            f"the DICOM file has {count:,} frames and tells the place of {len(found.columns):,}"
        )
    part.continue_at(place[0] + length if length != UNDEFINED else at)
    part.skip(SEQUENCE_END)
    return found


def _item(part: Part10, at: int, patterns: list[re.Pattern[bytes]], found: Positions) -> int:
    """Read one frame's item; return its end. The pattern that fitted last comes first."""
    buffer, start = part.source.some(at, MAX_ITEM_BYTES)
    for number, pattern in enumerate(patterns):
        match = pattern.match(buffer, start)
        if match is not None:
            if number:
                patterns.insert(0, patterns.pop(number))
            _keep(found, match.groupdict())
            return at + match.end() - start
    spans, end = part.item_spans(at)
    if end - at > MAX_ITEM_BYTES:
        raise DamagedSlide(f"the groups of a frame in the DICOM file take {end - at:,} bytes")
    buffer, start = part.source.some(at, end - at)
    places = [(_NAMES.get(tag), value - at, length) for tag, value, length in spans]
    if len(patterns) < MAX_PATTERNS:
        patterns.insert(0, _pattern(buffer[start : start + end - at], places))
    values = {
        name: buffer[start + first : start + first + length]
        for name, first, length in reversed(places)
        if name is not None
    }
    _keep(found, values)
    return end


def _pattern(item: bytes, places: list[tuple[str | None, int, int]]) -> re.Pattern[bytes]:
    """Return a pattern for items that differ from this one in nothing but their values."""
    text, done, named = b"", 0, set()
    for name, first, length in places:
        value = b".{%d}" % length
        if name is not None and name not in named:
            value = b"(?P<%b>%b)" % (name.encode(), value)
            named.add(name)
        text += re.escape(item[done:first]) + value
        done = first + length
    return re.compile(text + re.escape(item[done:]), re.DOTALL)


def _keep(found: Positions, values: dict[str, bytes]) -> None:
    column, row = values.get("column", b""), values.get("row", b"")
    if len(column) != 4 or len(row) != 4:
        raise LeftToOpenSlide("its frames do not tell their places in the slide")
    found.columns.append(int.from_bytes(column, "little", signed=True))
    found.rows.append(int.from_bytes(row, "little", signed=True))
    found.z.append(decimal_of(text_of(values.get("z", b""))) or 0.0)
    path = text_of(values.get("path", b""))
    if path not in found.identifiers and len(found.identifiers) == MAX_PATHS:
        raise DamagedSlide(f"the DICOM file has more than {MAX_PATHS} optical paths")
    found.paths.append(found.identifiers.setdefault(path, len(found.identifiers)))
