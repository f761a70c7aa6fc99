"""Reads the barcode on a slide's label."""

import re
from dataclasses import dataclass

import zxingcpp
from PIL import Image

MAX_LENGTH = 200  # characters
_SEPARATOR = re.compile(r"[;|^\s]+")


@dataclass(frozen=True)
class LabelIds:
    """What a label says: the barcode's text, and the case and slide ids in it."""

    barcode: str
    case_id: str | None
    slide_id: str | None


def read_label(label: Image.Image) -> LabelIds | None:
    """Return the ids on a label; None when there is no barcode or several that differ."""
    texts = {
        found.text.strip()[:MAX_LENGTH]
        for found in zxingcpp.read_barcodes(label)
        if found.text.strip()
    }
    return parse(texts.pop()) if len(texts) == 1 else None


def parse(text: str) -> LabelIds:
    """Take ``S26-01234;A1;2`` or ``S26-01234-A1-2`` apart.

    With separators the first part is the case. With hyphens alone the last part numbers the slide,
    as Virtual Slide Viewer reads its labels. A text without either names the slide only.
    """
    printable = "".join(character for character in text if character.isprintable()).strip()
    parts = [part for part in _SEPARATOR.split(printable) if part]
    if len(parts) > 1:
        return LabelIds(printable, parts[0], "-".join(parts))
    case, _, _ = printable.rpartition("-")
    return LabelIds(printable, case or None, printable or None)
