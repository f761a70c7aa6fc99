"""The text files with sections in which 3DHISTECH and Hamamatsu scanners list a slide's files."""

from typing import BinaryIO

MAX_BYTES = 1 << 20  # OpenSlide reads no more of one either
Sections = dict[str, dict[str, str]]


def read(file: BinaryIO) -> Sections:
    """Return keys and values by section; lines of any other form are passed over."""
    file.seek(0)
    text = file.read(MAX_BYTES).decode("utf-8-sig", "replace")
    found: Sections = {}
    section: dict[str, str] = {}
    for raw in text.splitlines():
        line = raw.strip()
        if line.startswith("[") and line.endswith("]"):
            section = found.setdefault(line[1:-1].strip(), {})
        elif not line.startswith((";", "#")):
            key, sign, value = line.partition("=")
            if sign:
                section[key.strip()] = value.strip()
    return found


def whole(text: str | None) -> int | None:
    """Read a whole number of at most 9 digits, None for anything else."""
    if text is None or not (text.isascii() and text.isdigit() and len(text) <= 9):
        return None
    return int(text)
