"""Which files an OME-XML document names: those of its set.

https://docs.openmicroscopy.org/ome-model/latest/ome-tiff/specification.html. A document may have
many megabytes, of which two attributes of some elements matter; it is read in pieces, and nothing
of it is kept. A document type is refused: entities could make a small text a large one.
"""

import codecs
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO
from xml.parsers import expat

MAX_BYTES = 64 << 20
MAX_NAMES = 20_000
MAX_NAME = 255  # bytes
_BLOCK = 1 << 18


class _NotOmeError(Exception):
    """It is another kind of text, or more than anybody needs."""


@dataclass
class Document:
    """What a document tells of files. ``names`` are in its order, each with the UUID beside it.

    ``metadata_file`` is where the rest of the document lies, when this one is ``BinaryOnly``.
    """

    uuid: str = ""
    names: dict[str, str] = field(default_factory=dict)
    metadata_file: str = ""

    def files(self) -> tuple[str, ...]:
        """Return the names of the files of the set, in the order of the document.

        None when all planes lie in one file: that is this one, whatever it was called when it was
        written.
        """
        if self.metadata_file:
            return (self.metadata_file,)
        return tuple(self.names) if len(self.names) > 1 else ()

    def own_name(self) -> str:
        """Return the name by which the document means the file that it lies in, if it tells."""
        return next((name for name, uuid in self.names.items() if uuid and uuid == self.uuid), "")


def read(file: BinaryIO, offset: int, length: int) -> Document | None:
    """Read the document at a place in a file, None when it is no OME-XML or hostile."""
    if length > MAX_BYTES:
        return None
    reader = _Reader()
    try:
        reader.read(_blocks(file, offset, length))
    except (_NotOmeError, expat.ExpatError):
        return None
    return reader.document


def is_name(name: str) -> bool:
    """Whether a text can be the name of a file beside the one that tells it."""
    return (
        0 < len(name.encode("utf-8", "replace")) <= MAX_NAME
        and name.isprintable()
        and not set(name) & set("/\\:")
        and name not in {".", ".."}
    )


def _blocks(file: BinaryIO, offset: int, length: int) -> Iterator[str]:
    """Yield a text up to its NUL; bytes that are no UTF-8 are replaced, as the import does."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    file.seek(offset)
    while length > 0 and (block := file.read(min(length, _BLOCK))):
        length -= len(block)
        text, nul, _ = block.partition(b"\0")
        yield decoder.decode(text)
        if nul:
            return


class _Reader:
    """Hears the elements of a document; their text and their ends only of those that matter."""

    def __init__(self) -> None:
        self.document = Document()
        self._begun = False
        self._name, self._text = "", ""  # of the UUID element that is being read
        self._parser = expat.ParserCreate()
        self._parser.StartDoctypeDeclHandler = _refuse
        self._parser.EntityDeclHandler = _refuse
        self._parser.StartElementHandler = self._start

    def read(self, blocks: Iterable[str]) -> None:
        """Read a document; raise ExpatError or _NotOmeError."""
        begun = False
        for block in blocks:
            text = block if begun else block.lstrip("\ufeff \t\r\n")
            begun = begun or bool(text)
            self._parser.Parse(text, False)
        self._parser.Parse("", True)

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        element = tag.rpartition(":")[2]
        if not self._begun:
            if element != "OME":
                raise _NotOmeError
            self._begun = True
            self.document.uuid = attributes.get("UUID", "").strip().lower()
        elif element == "BinaryOnly":
            name = attributes.get("MetadataFile", "")
            self.document.metadata_file = name if is_name(name) else ""
        elif element == "UUID":
            self._named(attributes.get("FileName", ""))

    def _named(self, name: str) -> None:
        if name not in self.document.names and is_name(name):
            self._name, self._text = name, ""
            self._parser.CharacterDataHandler = self._characters
            self._parser.EndElementHandler = self._end

    def _characters(self, text: str) -> None:
        if len(self._text) < MAX_NAME:
            self._text += text[:MAX_NAME]

    def _end(self, _tag: str) -> None:
        self._parser.CharacterDataHandler = self._parser.EndElementHandler = None
        self.document.names.setdefault(self._name, self._text.strip().lower())
        if len(self.document.names) > MAX_NAMES:
            raise _NotOmeError


def _refuse(*_: object) -> None:
    raise _NotOmeError
