"""What `labsight sync` notes beside an object, and how a value gets through S3 unharmed.

S3 takes ASCII in the names and values of metadata, 2 KB of them together, and gives the names back
in small letters. So values are written as in web addresses, one character at a time with ``%``.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate
from urllib.parse import quote, unquote

from labsight import keys

MTIME_NS = "mtime-ns"  # when the file was last written, in ns since 1970
AGENT = "agent"  # which release of labsight sent it
HOST = "host"  # from which machine
UNIT = "labsight-unit"  # a part of a slide of several files: the key of the slide's unit.json
CASE_ID = "labsight-case-id"
SLIDE_ID = "labsight-slide-id"
INCOMPLETE = "labsight-incomplete"  # sent although it is not whole: why

MAX_BYTES = 2048  # of all names and values of one object
MAX_ID = 64  # characters: two of three bytes each, nine when written with %, leave room for others
_MAX_REASON = 600  # bytes of the reason why a slide is not whole, as it is sent
_MAX_UNIT = 1200  # bytes; a key in other scripts can grow to three times its 1,024
_MAX_SHOWN = 200  # characters that the catalog keeps of an id
_MAX_SHOWN_REASON = 1000


@dataclass(frozen=True)
class Declared:
    """What the lab says of a slide; ``incomplete`` is why it is not whole, where it is not."""

    case_id: str | None = None
    slide_id: str | None = None
    incomplete: str | None = None

    @property
    def ids(self) -> dict[str, str]:
        """Those ids that are known, by the names of their columns in the catalog."""
        ids = {"case_id": self.case_id, "slide_id": self.slide_id}
        return {name: value for name, value in ids.items() if value is not None}


def encoded(value: str) -> str:
    """Return a value as printable ASCII without spaces; ``decoded`` leads back to it."""
    return quote(value, safe="/", errors="surrogatepass")


def decoded(text: str) -> str:
    """Return the value that ``encoded`` wrote; what something else wrote comes back as it can."""
    try:
        return unquote(text, errors="surrogatepass")
    except UnicodeDecodeError:
        return unquote(text, errors="replace")


def of_part(unit_key: str) -> dict[str, str]:
    """Return what a member of a unit is sent with; a key that is too long is told by its id."""
    written = encoded(unit_key)
    return {UNIT: written if len(written) <= _MAX_UNIT else keys.slide_id(unit_key)}


def of_slide(slide: Declared) -> dict[str, str]:
    """Return what a slide of one file is sent with; a reason that is too long loses its end."""
    reason = slide.incomplete or ""
    sizes = accumulate(len(encoded(character)) for character in reason)
    kept = reason[: sum(size <= _MAX_REASON for size in sizes)]
    sent = {CASE_ID: slide.case_id, SLIDE_ID: slide.slide_id, INCOMPLETE: kept}
    return {name: encoded(value) for name, value in sent.items() if value}


def unit_of(metadata: Mapping[str, str]) -> str | None:
    """Return the unit that an object is a part of, for show; None for one that stands alone."""
    told = metadata.get(UNIT)
    return None if told is None else keys.printable(decoded(told))


def declared(metadata: Mapping[str, str]) -> Declared:
    """Return what the lab says of a slide of one file, fit for the catalog."""
    told = {name: decoded(metadata[name]) for name in metadata if name.startswith("labsight-")}
    return clean(told.get(CASE_ID), told.get(SLIDE_ID), told.get(INCOMPLETE))


def clean(case_id: str | None, slide_id: str | None, incomplete: str | None) -> Declared:
    """Make texts fit for the catalog: composed, printable, no longer than it keeps."""
    return Declared(
        _shown(case_id, _MAX_SHOWN),
        _shown(slide_id, _MAX_SHOWN),
        _shown(incomplete, _MAX_SHOWN_REASON),
    )


def _shown(text: str | None, most: int) -> str | None:
    if text is None:
        return None
    return keys.printable(unicodedata.normalize("NFC", text.strip()))[:most].strip() or None
