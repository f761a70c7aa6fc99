"""The grammar of object keys: the only place that makes or takes apart a key.

    slides/<source>/<relative path>              as scanned, immutable
    slides/<source>/<relative path>/unit.json    closes a unit of several files
    derived/<slide id>/index.bin                 the slide's tile index
    derived/<slide id>/<image>.jpg               thumbnail, label, macro
    derived/<slide id>/profile.icc               the scanner's colour profile
    derived/<slide id>/levels-<version>.bin      coarse levels that the slide's file lacks
    work/<relative path>                         people's results from the desktop, replaceable
    tools/<hash>/<file>                          installers for the workstation

A relative path is NFC, with forward slashes. What S3 or a web address takes badly is written
``%XX`` per UTF-8 byte, so each key leads back to exactly one name. ``~`` is never in a name: it
marks a revision (``<stem>~r2<suffix>``), that is, other content under a name the archive already
holds; of a unit the folder is marked. No file's key ends in ``/unit.json`` and no folder of a
file's key is marked, so units and files never meet.
"""

import base64
import hashlib
import re
import unicodedata
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from labsight.errors import InvalidInput

SLIDES = "slides/"
DERIVED = "derived/"
MADE = "tiles/"
WORK = "work/"
TOOLS = "tools/"
UNIT = "unit.json"
ASSOCIATED_IMAGES = ("thumbnail", "label", "macro")
PRIVATE_IMAGES = frozenset({"label", "macro"})  # what can identify a patient

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
MAX_KEY_BYTES = 1024
_SAFE_PUNCTUATION = frozenset("!-_.'()&$@=;+, ")

_PLAIN = re.compile(
    r"[A-Za-z0-9!_.'()&$@=;+,-](?:[A-Za-z0-9!_.'()&$@=;+, -]*[A-Za-z0-9!_.'()&$@=;+,-])?"
)
_TURNS = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_SOURCE = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_SLIDE_ID = re.compile(r"[a-z2-7]{16}")
_ESCAPED = re.compile(r"(?:%[0-9A-F]{2})+")
_SUFFIX = re.compile(r"(?:\.ome)?\.[^.]*$", re.IGNORECASE)
_REVISION = re.compile(r"~r([1-9][0-9]{0,8})$")
_MAX_REVISION = 999_999_999


@dataclass(frozen=True)
class SlideKey:
    """Where one scanned file lies in the archive.

    ``path`` is the name the file had in the lab, relative to the synchronised folder, NFC, ``/``
    between parts. ``revision`` counts from 1; the first has no mark in its key.
    """

    source: str
    path: str
    revision: int = 1
    _key: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not _SOURCE.fullmatch(self.source):
            raise InvalidInput(
                f"source {self.source!r}: use 1 to 63 lower-case letters, digits and hyphens, "
                "starting with a letter or digit"
            )
        if not 1 <= self.revision <= _MAX_REVISION:
            raise InvalidInput(
                f"revision {self.revision} of {self.path[:60]!r}: revisions count from 1 to "
                f"{_MAX_REVISION:,}"
            )
        object.__setattr__(self, "path", unicodedata.normalize("NFC", self.path))
        if not all(self.path.split("/")):
            raise InvalidInput(f"path {self.path!r}: a relative path with no empty part is needed")
        object.__setattr__(self, "_key", self._written())
        _check_length(self.path, self._key)

    def __str__(self) -> str:
        return self._key

    def _written(self) -> str:
        parts = [_escape(part) for part in self.path.split("/")]
        if self.revision > 1:
            stem, suffix = _split_suffix(parts[-1])
            parts[-1] = f"{stem}~r{self.revision}{suffix}"
        return f"{SLIDES}{self.source}/{'/'.join(parts)}"

    @property
    def filename(self) -> str:
        """The last part of the path."""
        return PurePosixPath(self.path).name

    @property
    def slide_id(self) -> str:
        """The id under which this file is catalogued and served."""
        return slide_id(str(self))


def printable(text: str) -> str:
    """Return ``text`` for show, without control characters, lone surrogates and turned writing.

    The marks that turn the direction of writing can make ``gpj.svs`` look like ``svs.jpg``.
    """
    return "".join("\ufffd" if _misleads(c) else c for c in text)


def _misleads(character: str) -> bool:
    return unicodedata.category(character) in {"Cc", "Cs"} or character in _TURNS


def place_of(key: str) -> tuple[str, str, int]:
    """Return source, path and revision of any slide's key, to show and to sort by.

    A unit of several files goes by its folder. A key that another tool wrote is not refused: its
    path is the key as it stands.
    """
    key = key.removesuffix(f"/{UNIT}")
    try:
        parsed = parse_slide(key)
    except InvalidInput:
        source, _, path = key.removeprefix(SLIDES).partition("/")
        return printable(source)[:63], printable(path or source), 1
    return parsed.source, printable(parsed.path), parsed.revision


def parse_slide(key: str) -> SlideKey:
    """Read a slide's key back; raise InvalidInput when it is not one that SlideKey would write."""
    if not key.startswith(SLIDES):
        raise InvalidInput(f"key {key[:80]!r}: a slide's key starts with {SLIDES!r}")
    source, _, rest = key[len(SLIDES) :].partition("/")
    *folders, last = rest.split("/")
    stem, suffix = _split_suffix(last)
    mark = _REVISION.search(stem)
    revision = int(mark[1]) if mark else 1
    name = (stem[: mark.start()] if mark else stem) + suffix
    try:
        parsed = SlideKey(source, "/".join(map(_unescape, [*folders, name])), revision)
        if str(parsed) == key:
            return parsed
    except UnicodeError:
        pass
    raise InvalidInput(
        f"key {key[:80]!r}: not written as labsight writes keys; upload it with `labsight sync`"
    )


def unit_key(source: str, folder: str, revision: int = 1) -> str:
    """Return the key of the ``unit.json`` that closes the unit in ``folder`` of a source."""
    key = f"{SlideKey(source, folder, revision)}/{UNIT}"
    _check_length(folder, key)
    return key


def is_unit(key: str) -> bool:
    """Whether the key is that of a ``unit.json``."""
    return key.endswith(f"/{UNIT}")


def parse_unit(key: str) -> SlideKey:
    """Read the key of a ``unit.json`` back: source, folder and revision. Raise InvalidInput."""
    if not is_unit(key):
        raise InvalidInput(f"key {key[:80]!r}: the key of a unit ends with '/{UNIT}'")
    return parse_slide(key.removesuffix(f"/{UNIT}"))


def slide_id(key: str) -> str:
    """Return the id of the slide at ``key``: 80 bits of its SHA-256, in base 32 (16 characters)."""
    return base64.b32encode(hashlib.sha256(key.encode()).digest()[:10]).decode().lower()


def check_slide_id(text: str) -> str:
    """Return ``text`` when it has the form of a slide id; raise InvalidInput otherwise."""
    if not _SLIDE_ID.fullmatch(text):
        raise InvalidInput("a slide id has 16 characters of a-z and 2-7; /api/slides lists the ids")
    return text


def index_key(slide: str) -> str:
    """Return the key of a slide's tile index."""
    return f"{DERIVED}{check_slide_id(slide)}/index.bin"


def associated_key(slide: str, image: str) -> str:
    """Return the key of a slide's thumbnail, label or macro."""
    if image not in ASSOCIATED_IMAGES:
        raise InvalidInput(
            f"image {image[:40]!r}: one of {', '.join(ASSOCIATED_IMAGES)} is kept for a slide"
        )
    return f"{DERIVED}{check_slide_id(slide)}/{image}.jpg"


def profile_key(slide: str) -> str:
    """Return the key of a slide's colour profile."""
    return f"{DERIVED}{check_slide_id(slide)}/profile.icc"


def made_levels_key(slide: str, version: str) -> str:
    """Return the key of the levels that were made for one version of a slide."""
    return f"{DERIVED}{check_slide_id(slide)}/levels-{version}.bin"


def made_tile_key(slide: str, version: str, name: str) -> str:
    """Return the key of a tile that was made, for one version of a slide."""
    return f"{MADE}{check_slide_id(slide)}/{version}/{name}"


def _check_length(path: str, key: str) -> None:
    size = len(key.encode())
    if size > MAX_KEY_BYTES:
        raise InvalidInput(
            f"path {path[:60]!r}...: its key has {size} bytes, S3 takes {MAX_KEY_BYTES}; shorten "
            "the file or folder names"
        )


def _escape(part: str) -> str:
    """Write one part of a path so that S3 and web addresses take it as it is.

    ``unit.json`` is the archive's own, in any capitals: on a share they are one name.
    """
    if set(part) == {"."} or part.casefold() == UNIT:
        return part.replace(".", "%2E")
    if _PLAIN.fullmatch(part):  # most names, and a hundred times faster
        return part
    kept = "".join(c if _is_plain(c) else _percent(c) for c in part)
    kept = re.sub("^ ", "%20", kept)
    return re.sub(" $", "%20", kept)


def _is_plain(character: str) -> bool:
    """Letters, digits and marks of any script, and the punctuation that S3 calls safe."""
    return character in _SAFE_PUNCTUATION or unicodedata.category(character)[0] in "LNM"


def _percent(character: str) -> str:
    return "".join(f"%{byte:02X}" for byte in character.encode("utf-8", "surrogatepass"))


def _unescape(part: str) -> str:
    return _ESCAPED.sub(
        lambda run: bytes.fromhex(run[0].replace("%", "")).decode("utf-8", "surrogatepass"), part
    )


def _split_suffix(name: str) -> tuple[str, str]:
    """Split ``a 1.5.svs`` before ``.svs``, ``b.ome.tif`` before ``.ome.tif``."""
    match = _SUFFIX.search(name)
    return (name[: match.start()], match[0]) if match else (name, "")
