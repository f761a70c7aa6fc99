"""The bytes of what is sent, wherever they are."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader, FileIO
from pathlib import Path
from typing import Protocol

from labsight_lab.sync.look.candidate import Candidate
from labsight_lab.sync.source import (
    Fingerprint,
    SourceChanged,
    check_unchanged,
    opened_below,
)


class Content(Protocol):
    """Bytes that several threads may read."""

    def read(self, start: int, length: int, room: memoryview | None = None) -> bytes | memoryview:
        """Return a stretch, in ``room`` if one of its length is given; raise SourceChanged."""
        ...

    def check(self) -> None:
        """Raise SourceChanged when the bytes are not what they were, or are about to change."""
        ...

    def close(self) -> None:
        """Let go of them."""
        ...


class FileContent:
    """A file below a folder, opened; ``expected`` is what was seen of it. Raises OSError."""

    def __init__(self, folder: Path, path: str, expected: Fingerprint) -> None:
        self._folder, self._path, self._expected = folder, path, expected
        self._file = opened_below(folder, path)
        self._turn = threading.Lock()

    def read(self, start: int, length: int, room: memoryview | None = None) -> bytes | memoryview:
        """Return a stretch of the file."""
        with self._turn:
            self._file.seek(start)
            if room is None:
                return _read(self._file, length)
            filled = 0
            while filled < length:
                count = self._file.readinto(room[filled:])
                if not count:
                    raise SourceChanged
                filled += count
        return room

    @contextmanager
    def lent(self) -> "Iterator[BufferedReader[FileIO]]":
        """Lend the file to somebody who reads a little here and there; it stays open."""
        reader = BufferedReader(self._file)
        try:
            yield reader
        finally:
            reader.detach()

    def check(self) -> None:
        """Hold the file, and what lies under its name, against what was seen before."""
        check_unchanged(self._file, self._folder, self._path, self._expected)

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class MadeContent:
    """Bytes that labsight made."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def read(self, start: int, length: int, room: memoryview | None = None) -> bytes:  # noqa: ARG002
        """Return a stretch."""
        return self._data[start : start + length]

    def check(self) -> None:
        """These do not change."""

    def close(self) -> None:
        """There is nothing to let go of."""


def _read(file: FileIO, length: int) -> bytes:
    data = file.read(length)
    while len(data) < length:
        more = file.read(length - len(data))
        if not more:
            raise SourceChanged
        data += more
    return data


def opened_content(candidate: Candidate) -> Content:
    """Open what is to be sent; raise OSError. Whoever asks closes it."""
    if candidate.folder is None:
        return MadeContent(candidate.data)
    return FileContent(candidate.folder, candidate.path, candidate.fingerprint)
