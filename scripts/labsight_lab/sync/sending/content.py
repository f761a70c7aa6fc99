"""The bytes of what is sent, wherever they are."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader, FileIO
from typing import Protocol

from labsight_lab.sync.look.candidate import Candidate
from labsight_lab.sync.sending.source import SourceChanged, check_unchanged, opened


class Content(Protocol):
    """Bytes that several threads may read."""

    def read(self, start: int, length: int, room: memoryview | None = None) -> bytes | memoryview:
        """Return a stretch, in ``room`` if one of its length is given; raise SourceChanged."""
        ...

    def check(self) -> None:
        """Raise SourceChanged when the bytes are not what they were, or are about to change."""
        ...


class FileContent:
    """An open file."""

    def __init__(self, file: "BufferedReader[FileIO]", candidate: Candidate) -> None:
        self._file, self._candidate = file, candidate
        self._turn = threading.Lock()

    def read(self, start: int, length: int, room: memoryview | None = None) -> bytes | memoryview:
        """Return a stretch of the file."""
        with self._turn:
            self._file.seek(start)
            if room is None:
                data = self._file.read(length)
                if len(data) < length:
                    raise SourceChanged
                return data
            filled = 0
            while filled < length:
                count = self._file.readinto(room[filled:])
                if not count:
                    raise SourceChanged
                filled += count
        return room

    def check(self) -> None:
        """Hold the file, and what lies under its name, against what was seen before."""
        if self._candidate.file is not None:
            check_unchanged(self._file, self._candidate.file, self._candidate.fingerprint)


class MadeContent:
    """Bytes that labsight made."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def read(self, start: int, length: int, room: memoryview | None = None) -> bytes:  # noqa: ARG002
        """Return a stretch."""
        return self._data[start : start + length]

    def check(self) -> None:
        """These do not change."""


@contextmanager
def opened_content(candidate: Candidate) -> Iterator[Content]:
    """Open what is to be sent; raise OSError."""
    if candidate.file is None:
        yield MadeContent(candidate.data)
        return
    with opened(candidate.file) as file:
        yield FileContent(file, candidate)
