"""Is a folder of planes (Micro-Manager) still being written? Its metadata.txt lists them.

The file is one JSON object that grows with each plane; its last brace is written when the
acquisition ends. Release 1.4 names the files by ``FileName``, 2.0 by ``Coords-<file name>``:
https://micro-manager.org/Micro-Manager_File_Formats
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from labsight_lab.sync.look.scan import Seen
from labsight_lab.sync.look.windows import folded
from labsight_lab.sync.source import opened

LIST = "metadata.txt"
MAX_READ = 256 << 20
MAX_NAMES = 100_000
_BLOCK = 1 << 20
_LONGEST = 4096  # bytes of a text that may be a name; of longer ones only the end is looked for
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
_WHOLE = re.compile(rb'(?:[^"]++|"(?:[^"\\]++|\\.)*+")*+', re.DOTALL)
_BEFORE_NAME = re.compile(rb'"FileName"\s{0,80}+:?\s{0,80}+\Z')
_NAMED = re.compile(rb'"(?:FileName"\s*:\s*"|Coords-)([^"\\]{1,255})"')


def unfinished(folder: Path, members: Sequence[Seen]) -> str | None:
    """Return why a folder is not written to its end, or None if it may be; raise OSError."""
    files = {folded(seen.path.rpartition("/")[2]): seen for seen in members}
    named: set[str] = set()
    depth = 0
    with opened(folder / files[LIST].path) as file:
        for block in _pieces(file):
            named.update(map(_name, _NAMED.findall(block)))
            bare = _STRING.sub(b"", block)
            depth += bare.count(b"{") - bare.count(b"}")
            if len(named) > MAX_NAMES:
                return None
        if file.tell() < MAX_READ and (depth or not file.tell()):
            return f"its {LIST} is not written to its end"
    absent = sorted(name for name in named if folded(name) not in files)
    return f"it lacks {absent[0]}, which its {LIST} names" if absent else None


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    """Yield the file in pieces that cut no text in two, and none from what it is called.

    There need be no line breaks: some programs write all in one line.
    """
    rest = b""
    while file.tell() < MAX_READ and (block := file.read(_BLOCK)):
        buffer = rest + block
        end = next(_WHOLE.finditer(buffer)).end()
        called = _BEFORE_NAME.search(buffer, max(0, end - 200), end)
        if called:
            end = called.start()
        yield buffer[:end]
        rest = buffer[end:]
        if len(rest) > _LONGEST:
            escapes = len(rest) - len(rest.rstrip(b"\\"))
            rest = b'"' + b"\\" * (escapes % 2)
    yield rest


def _name(raw: bytes) -> str:
    return raw.decode("utf-8", "replace").rpartition("/")[2]
