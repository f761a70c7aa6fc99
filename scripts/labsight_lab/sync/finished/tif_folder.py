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
from labsight_lab.sync.sending.source import opened

LIST = "metadata.txt"
MAX_READ = 64 << 20
MAX_NAMES = 100_000
_BLOCK = 1 << 20
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*+"')
_NAMED = re.compile(rb'"(?:FileName"\s*:\s*"|Coords-)([^"\\]{1,255})"')


def unfinished(folder: Path, members: Sequence[Seen]) -> str | None:
    """Return why a folder is not written to its end, or None if it may be; raise OSError."""
    files = {folded(seen.path.rpartition("/")[2]): seen for seen in members}
    named: set[str] = set()
    depth = 0
    with opened(folder / files[LIST].path) as file:
        for block in _blocks(file):
            named.update(map(_name, _NAMED.findall(block)))
            bare = _STRING.sub(b"", block)
            depth += bare.count(b"{") - bare.count(b"}")
            if len(named) > MAX_NAMES:
                return None
        if file.tell() < MAX_READ and (depth or not file.tell()):
            return f"its {LIST} is not written to its end"
    absent = sorted(name for name in named if folded(name) not in files)
    return f"it lacks {absent[0]}, which its {LIST} names" if absent else None


def _blocks(file: BinaryIO) -> Iterator[bytes]:
    """Yield the file in pieces that end with a line, where the lines are not too long for that."""
    rest = b""
    while file.tell() < MAX_READ and (block := file.read(_BLOCK)):
        whole, newline, following = (rest + block).rpartition(b"\n")
        if len(following) > _BLOCK:
            whole, following = whole + newline + following, b""
        yield whole
        rest = following
    yield rest


def _name(raw: bytes) -> str:
    return raw.decode("utf-8", "replace").rpartition("/")[2]
