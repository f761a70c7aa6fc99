"""Is a DICOM file still being written? All attributes, and as many pixels as it says it has.

PS3.5 (encoding), PS3.10 (files): https://dicom.nema.org/medical/dicom/current/output/html/
A file without pixels (a report, a plan) is finished when its last attribute is whole.
"""

import re
from typing import BinaryIO

from labsight.slides.formats.dicom.tags import (
    BIG_ENDIAN,
    EXPLICIT,
    IMPLICIT,
    ITEM,
    SEQUENCE_END,
    UNDEFINED,
    Tag,
)
from labsight.slides.formats.dicom.values import text_of
from labsight_lab.sync.finished.bounded import EnoughSeenError, UnfinishedError
from labsight_lab.sync.finished.dicom_elements import Element, Elements

_NATIVE = frozenset({IMPLICIT, EXPLICIT, BIG_ENDIAN})
# MPEG-2, MPEG-4 and HEVC: one fragment may hold all frames (PS3.5, section 8.2.5 and on)
_VIDEO = frozenset(f"1.2.840.10008.1.2.4.{number}" for number in range(100, 109))
# Float Pixel Data, Double Float Pixel Data, Pixel Data
_PIXELS = frozenset({0x7FE00008, 0x7FE00009, int(Tag.PIXEL_DATA)})
_PIXELS_ELSEWHERE = 0x00287FE0  # Pixel Data Provider URL
_SPECTROSCOPY = 0x56000020
_OF_IMAGES = frozenset({int(Tag.IMAGE_TYPE), int(Tag.ROWS), int(Tag.COLUMNS)})
# Radiography, CT, ultrasound, MR, secondary capture, angiography, nuclear medicine, visible light
# (slides, too), PET: storage classes whose instances are images, by the beginning of their UIDs.
_IMAGE_CLASS = re.compile(
    rb"1\.2\.840\.10008\.5\.1\.4\.1\.1\.(?:1|2|3|6|4|7|12|20|77\.1|128)(?:\.|\Z)"
)
_WANTED = _OF_IMAGES | {
    Tag.SOP_CLASS_UID,
    Tag.SAMPLES_PER_PIXEL,
    Tag.PHOTOMETRIC_INTERPRETATION,
    Tag.NUMBER_OF_FRAMES,
    Tag.BITS_ALLOCATED,
}
_MAX_TEXT = 1024
_MAX_TABLE = 8 << 20


def unfinished(file: BinaryIO, size: int) -> str | None:
    """Return why a file of ``size`` bytes is not written to its end, or None if it may be."""
    if size == 0:
        return "it is empty"
    try:
        _Check(file, size).run()
    except UnfinishedError as reason:
        return str(reason)
    except EnoughSeenError:
        return None
    return None


def series_of(file: BinaryIO, size: int) -> str:
    """Return the SeriesInstanceUID; empty for what is no DICOM file, or none that can be read."""
    try:
        elements = Elements(file, size)
        while (element := elements.next()) is not None and element.tag <= Tag.SERIES_INSTANCE_UID:
            if element.tag == Tag.SERIES_INSTANCE_UID:
                return text_of(elements.value(element, _MAX_TEXT).split(b"\\")[0])
            elements.skip(element)
    except (UnfinishedError, EnoughSeenError):
        pass
    return ""


class _Check:
    """One pass over the attributes of a file; ``_values`` are those that tell of its pixels."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._elements = Elements(file, size)
        self._values: dict[int, bytes] = {}
        self._offsets: Element | None = None  # where each frame starts, if the file says so
        self._last = 0

    def run(self) -> None:
        """Raise UnfinishedError or EnoughSeenError, or neither."""
        elements = self._elements
        while (element := elements.next()) is not None:
            if element.tag in _PIXELS:
                self._pixels(element)
                self._behind()
                return
            if element.tag in _WANTED:
                self._values[element.tag] = elements.value(element, _MAX_TEXT)
            elif element.tag == Tag.EXTENDED_OFFSETS:
                self._offsets = element
            self._last = max(self._last, element.tag)
            elements.skip(element)
            if element.tag in {_PIXELS_ELSEWHERE, _SPECTROSCOPY}:
                raise EnoughSeenError
        if self._last < Tag.SERIES_INSTANCE_UID or self._is_image():
            raise UnfinishedError("it ends before its pixel data")

    def _is_image(self) -> bool:
        kind = self._values.get(Tag.SOP_CLASS_UID, b"").strip(b"\0 ")
        return bool(_OF_IMAGES & self._values.keys()) or _IMAGE_CLASS.match(kind) is not None

    def _behind(self) -> None:
        """Look at what follows the pixels: attributes, or padding of any kind."""
        elements = self._elements
        while elements.size - elements.at >= 8 and any(elements.read(elements.at, 8)):
            element = elements.next()
            if element is None or element.tag <= Tag.PIXEL_DATA:
                return
            elements.skip(element)

    def _pixels(self, pixels: Element) -> None:
        if pixels.length == UNDEFINED:
            self._encapsulated(pixels)
            return
        self._elements.skip(pixels)
        needed = self._bytes_needed() if self._elements.syntax in _NATIVE else 0
        if pixels.length < needed:
            raise UnfinishedError(f"its pixel data has {pixels.length:,} of {needed:,} bytes")

    def _bytes_needed(self) -> int:
        """Return how many bytes the frames take that are not compressed."""
        sides = (
            self._number(Tag.ROWS) * self._number(Tag.COLUMNS) * self._number(Tag.BITS_ALLOCATED)
        )
        bits = sides * max(1, self._number(Tag.SAMPLES_PER_PIXEL)) * self._frames()
        photometric = self._values.get(Tag.PHOTOMETRIC_INTERPRETATION, b"")
        if b"422" in photometric:
            bits = bits * 2 // 3
        elif b"420" in photometric:
            bits //= 2
        return (bits + 7) // 8

    def _number(self, tag: Tag) -> int:
        return int.from_bytes(self._values.get(tag, b"")[:2], self._elements.order)

    def _frames(self) -> int:
        text = text_of(self._values.get(Tag.NUMBER_OF_FRAMES, b"").split(b"\\")[0])
        return int(text) if text.isascii() and text.isdigit() and len(text) <= 12 else 1

    def _encapsulated(self, pixels: Element) -> None:
        """Follow the fragments of compressed frames (PS3.5, annex A.4) to their delimiter."""
        elements = self._elements
        elements.at = pixels.value
        table = elements.item()
        if table.tag != ITEM:
            raise EnoughSeenError
        elements.skip(table)
        first = elements.at
        told, last = self._last_frame(table)
        count = 0
        if last and self._is_item(first + last):
            elements.at, count = first + last, told - 1
        while (item := elements.item()).tag == ITEM:
            elements.skip(item)
            count += 1
        elements.at = item.value
        if item.tag != SEQUENCE_END:
            raise EnoughSeenError
        needed = told if elements.syntax in _VIDEO else max(told, self._frames())
        if count < needed:
            raise UnfinishedError(f"its pixel data holds {count:,} of {needed:,} frames")

    def _last_frame(self, table: Element) -> tuple[int, int]:
        """Return how many frames a table of offsets tells of, and the offset of the last one."""
        width, offsets = (8, self._offsets) if self._offsets else (4, table)
        if not width <= offsets.length <= _MAX_TABLE:
            return 0, 0
        raw = self._elements.read(offsets.value + offsets.length - width, width)
        return offsets.length // width, int.from_bytes(raw, "little")

    def _is_item(self, at: int) -> bool:
        """Say whether an item starts at an offset; a table of 32 bits is wrong beyond 4 GiB."""
        raw = self._elements.read(at, 4)
        return raw == ITEM.to_bytes(4, "little")[2:] + ITEM.to_bytes(4, "little")[:2]
