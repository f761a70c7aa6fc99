"""Reads the barcode on a slide's label."""

import re
from dataclasses import dataclass

import zxingcpp
from PIL import Image

MAX_LENGTH = 200  # characters
# Scanners of barcodes part fields with GS (0x1d), tabs or line ends as well as with signs.
_UNSEEN = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")
_SEPARATOR = re.compile(r"[;|^ ]+")


@dataclass(frozen=True)
class LabelIds:
    """What a label says: the barcode's text, and the case and slide ids in it."""

    barcode: str
    case_id: str | None
    slide_id: str | None


def read_label(label: Image.Image) -> LabelIds | None:
    """Return the ids on a label; None when there is no barcode or several that differ."""
    # Plain: the reader's default spells separators out, as in "S26-1<GS>A1"
    found = zxingcpp.read_barcodes(label, text_mode=zxingcpp.TextMode.Plain)
    read = {ids for ids in (parse(one.text[:MAX_LENGTH]) for one in found) if ids.barcode}
    return read.pop() if len(read) == 1 else None


def parse(text: str) -> LabelIds:
    """Take ``S26-01234;A1;2`` or ``S26-01234-A1-2`` apart.

    With separators the first part is the case. With hyphens alone the last part numbers the slide.
    A text without either names the slide only.
    """
    spaced = _UNSEEN.sub(" ", text)
    shown = "".join(character for character in spaced if character.isprintable()).strip()
    parts = [part for part in _SEPARATOR.split(shown) if part]
    if len(parts) > 1:
        return LabelIds(shown, parts[0], "-".join(parts))
    name = "".join(parts)
    return LabelIds(shown, name.rpartition("-")[0] or None, name or None)
