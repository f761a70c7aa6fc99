"""What the first bytes of objects say of those that belong to them, read by range."""

import io
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from typing import Any

from labsight.errors import LabsightError, SettingsError
from labsight.objects import ObjectInfo
from labsight.slides.ranges import ObjectBytes
from labsight_lab.register.looking import Looker, told
from labsight_lab.sync.look.heads import Head, Heads, head_of
from labsight_lab.sync.look.scan import Seen
from labsight_lab.sync.workers import in_parallel

_AT_A_TIME = 16


def reader(looker: Looker, objects: Mapping[str, ObjectInfo]) -> Callable[[Sequence[Seen]], Heads]:
    """Return what reads the heads of objects, given by the paths that their files had."""

    def one(seen: Seen) -> tuple[str, Head | OSError]:
        try:
            with told("s3:GetObject"), _opened(looker, objects[seen.path]) as file:
                return seen.path, head_of(file, seen)
        except SettingsError:
            raise
        except LabsightError as error:
            return seen.path, OSError(error.message)
        except OSError as error:
            return seen.path, error

    def read(files: Sequence[Seen]) -> Heads:
        if not files:
            return {}
        threads = min(_AT_A_TIME, len(files))
        work = in_parallel(files, one, threads=threads, stop=threading.Event())
        with closing(work) as answers:
            return dict(answers)

    return read


def _opened(looker: Looker, info: ObjectInfo) -> io.BufferedReader:
    return io.BufferedReader(_ObjectFile(ObjectBytes(looker.store, info)))


class _ObjectFile(io.RawIOBase):
    """An object as a file that is open for reading."""

    def __init__(self, content: ObjectBytes) -> None:
        self._content, self._at = content, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        origin = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._content.size}[whence]
        self._at = max(0, origin + offset)
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Any) -> int:
        count = max(0, min(len(buffer), self._content.size - self._at))
        buffer[:count] = self._content.read(self._at, count)
        self._at += count
        return count
