"""Tells whether a TIFF file holds anything beyond the images that were understood.

A file may be handed out whole only when it hides no label and no macro: not in a directory that no
reader knows, not in a tag, and not in bytes that no directory names any more, where tools that
remove a label leave it behind.
"""

from collections.abc import Iterable, Sequence

from labsight.slides.formats.tiff.container import Tiff
from labsight.slides.formats.tiff.tags import Code, Directory
from labsight.slides.index import Chunks

MAX_TEXT = 64 << 10  # bytes of a description: far below any picture of a label in base64
MAX_COUNTED = 1 << 19  # chunks; more are not compared, and the file is kept
_PADDING = 16  # bytes that writers may leave between chunks
_SLACK = 4096  # bytes, for headers and what alignment costs

# Tags whose meaning TIFF 6.0 and its supplements fix, and that hold numbers or a line of text.
_NUMBERS = {
    *range(254, 260), 262, 263, 266, 273, 274, *range(277, 284), 284, 290, 291, 292, 293, 296, 297,
    301, 317, 318, 319, 320, *range(321, 326), 330, 332, 334, 336, 338, 339, 340, 341, 342, 347,
    *range(529, 533), 32997, 34675,
}  # fmt: skip
_LENGTHS = (Code.TILE_LENGTHS, Code.STRIP_LENGTHS)
# Make, model, software, date. Names of documents, pages, people and computers may name a patient.
_TEXTS = {271, 272, 305, 306}


def holds_only(
    tiff: Tiff,
    directories: Iterable[Directory],
    tables: Iterable[Chunks],
    others: Sequence[Directory] = (),
    description_bytes: int = MAX_TEXT,
) -> bool:
    """Whether the file holds these directories, their images and nothing else.

    ``tables`` are of the directories' chunks, ``others`` are directories of images beside the
    levels. Descriptions are understood by the caller up to ``description_bytes``.
    """
    known = {one.offset: one for one in (*directories, *others)}
    parts = list(known.values())
    linked = sum(tiff.count(one, Code.SUB_DIRECTORIES) for one in parts)
    main = {one.offset for one in tiff.directories}
    if main - set(known) or linked != len(parts) - len(main):
        return False
    chunks = sum(max(tiff.count(one, code) for code in _LENGTHS) for one in parts)
    if chunks > MAX_COUNTED or not all(_plain_tags(one, description_bytes) for one in parts):
        return False
    places: dict[int, int] = {}
    for table in tables:
        places.update(zip(table.offsets, table.lengths, strict=True))
    for one in others:
        offsets = tiff.numbers(one, Code.STRIP_OFFSETS)
        places.update(zip(offsets, tiff.numbers(one, Code.STRIP_LENGTHS), strict=False))
    used = sum(map(_structure_bytes, parts)) + sum(places.values())
    return tiff.size - used <= _SLACK + _PADDING * (chunks + len(parts))


def _structure_bytes(directory: Directory) -> int:
    entries = directory.entries.values()
    return 16 + 20 * len(entries) + sum(entry.size for entry in entries)


def _plain_tags(directory: Directory, description_bytes: int) -> bool:
    for code, entry in directory.entries.items():
        if code == Code.DESCRIPTION:
            if entry.size > description_bytes:
                return False
        elif code in _TEXTS:
            if entry.size > MAX_TEXT:
                return False
        elif code not in _NUMBERS:
            return False
    return True
