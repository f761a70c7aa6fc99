"""Reads the XML that scanners write into their files, within bounds that hold for any text."""

from xml.etree import ElementTree as ET

MAX_CHARACTERS = 4 << 20
MAX_TAGS = 100_000  # a parsed element takes a hundred times the memory of its text


def parse(text: str, max_characters: int = MAX_CHARACTERS) -> ET.Element | None:
    """Return the root of a document, None when it is not well-formed, too long, or has a DTD."""
    if len(text) > max_characters or text.count("<") > MAX_TAGS:
        return None
    if "<!" in text.replace("<!--", ""):
        return None  # a document type could define entities that grow without bound
    try:
        return ET.fromstring(text.lstrip("\ufeff \t\r\n"))  # noqa: S314 - bounded, no document type
    except (ET.ParseError, ValueError):
        return None


def local_name(element: ET.Element) -> str:
    """Return an element's name without its namespace."""
    return element.tag.rpartition("}")[2]


def text_of(element: ET.Element, path: str) -> str:
    """Return the text of the first element at ``path``, stripped; empty when there is none."""
    found = element.findtext(path)
    return (found or "").strip()


def whole(text: str | None, default: int) -> int:
    """Read a whole number of at most 15 digits, else return the default."""
    cleaned = (text or "").strip()
    digits = cleaned[1:] if cleaned[:1] in {"-", "+"} else cleaned
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 15):
        return default
    return int(cleaned)
