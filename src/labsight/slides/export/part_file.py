"""A file that grows tile by tile and can be continued after a kill."""

import os
from pathlib import Path

from labsight.errors import Conflict
from labsight.slides.export.disk import PART, name_finally, without_journal, write_all, writing
from labsight.slides.export.journal import Journal


class PartFile:
    """``final`` while it is written, under the name ``final.part``.

    ``end`` is where the last part that the journal knows ends; what lies behind is cut off.
    """

    def __init__(self, final: Path, journal: Journal, end: int) -> None:
        self._final = final
        self.path = final.with_name(final.name + PART)
        with writing(self.path):
            exclusive = 0 if journal.resumed else os.O_EXCL
            flags = os.O_RDWR | os.O_CREAT | exclusive | getattr(os, "O_BINARY", 0)
            try:
                self._file = os.open(self.path, flags, 0o666)
            except FileExistsError:
                raise Conflict(without_journal(self.path)) from None
            if os.fstat(self._file).st_size < end:
                os.close(self._file)
                raise Conflict(
                    f"{self.path} is shorter than its journal says: delete both to begin anew"
                )
            os.ftruncate(self._file, end)
            os.lseek(self._file, end, os.SEEK_SET)
        self.end = end

    def append(self, data: bytes) -> int:
        """Write at the end; return where that was."""
        start = self.end
        with writing(self.path):
            write_all(self._file, data)
        self.end += len(data)
        return start

    def patch(self, offset: int, data: bytes) -> None:
        """Write over what stands at ``offset``."""
        with writing(self.path):
            os.lseek(self._file, offset, os.SEEK_SET)
            write_all(self._file, data)
            os.lseek(self._file, self.end, os.SEEK_SET)

    def read(self, offset: int, length: int) -> bytes:
        """Return what was written; threads may call it."""
        with writing(self.path), self.path.open("rb") as file:
            file.seek(offset)
            return file.read(length)

    def finish(self) -> None:
        """Give the file its final name."""
        self.close()
        name_finally(self.path, self._final)

    def close(self) -> None:
        """Close the file."""
        if self._file >= 0:
            with writing(self.path):
                os.close(self._file)
            self._file = -1
