"""The attributes that were read of a DICOM file, as text and numbers (PS3.5, section 6.2)."""

import struct
from contextlib import suppress
from dataclasses import dataclass, field
from math import isfinite

from labsight.slides.formats.dicom.tags import Tag

MAX_TEXT = 1024  # characters


@dataclass(frozen=True)
class Elements:
    """The attributes of a file or of a sequence's item.

    ``places`` are first byte and length of values that were left in the file.
    """

    values: dict[int, bytes] = field(default_factory=dict)
    places: dict[int, tuple[int, int]] = field(default_factory=dict)
    items: dict[int, list["Elements"]] = field(default_factory=dict)

    def item(self, *tags: Tag) -> "Elements":
        """Return the first item of a sequence within sequences, an empty one when absent."""
        found = self
        for tag in tags:
            items = found.items.get(tag)
            if not items:
                return Elements()
            found = items[0]
        return found

    def texts(self, tag: Tag) -> list[str]:
        """Return the values of a text attribute without padding and unprintable characters."""
        return [text_of(part) for part in self.values.get(tag, b"")[:MAX_TEXT].split(b"\\")]

    def text(self, tag: Tag) -> str:
        """Return the first value of a text attribute, empty when absent."""
        return self.texts(tag)[0]

    def decimals(self, tag: Tag) -> list[float]:
        """Return the values of a DS attribute; those without meaning are left out."""
        return [one for part in self.texts(tag) if (one := decimal_of(part)) is not None]

    def real(self, tag: Tag) -> float | None:
        """Return the value of an FL or FD attribute."""
        raw = self.values.get(tag, b"")
        form = {4: "<f", 8: "<d"}.get(len(raw))
        value = struct.unpack(form, raw)[0] if form else None
        return value if value is not None and isfinite(value) else None

    def number(self, tag: Tag, default: int = 0) -> int:
        """Return the value of a US or UL attribute, the first of several."""
        raw = self.values.get(tag, b"")
        width = 2 if len(raw) in {2, 6} else 4
        return int.from_bytes(raw[:width], "little") if len(raw) >= width else default

    def count(self, tag: Tag, default: int = 0) -> int:
        """Return the value of an IS attribute."""
        text = self.text(tag)
        return int(text) if text.isascii() and text.isdigit() and len(text) <= 12 else default


def text_of(raw: bytes) -> str:
    """Read a text value. Most files are UTF-8 or Latin 1; no other character set is known here."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    return "".join(one for one in text if one.isprintable()).strip()


def decimal_of(text: str) -> float | None:
    """Read a decimal string (DS), None for what is no finite number."""
    with suppress(ValueError):
        value = float(text)
        return value if isfinite(value) else None
    return None
