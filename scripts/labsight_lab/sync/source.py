"""A local file as it is sent: opened read-only, never through a link, and watched for changes."""

import base64
import errno
import io
import os
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from labsight.errors import InvalidInput
from labsight_lab.sync.crc64 import combined, crc64
from labsight_lab.sync.open_files import raise_shortage

BLOCK = 1 << 20


class TransferBreak(BaseException):
    """Ends a request from inside its body.

    Not an Exception, as asyncio.CancelledError is none: the HTTP layers below take every
    Exception from a body for a network failure and send the body again.
    """


class Stopped(TransferBreak):
    """The user, or an error that concerns everything, ended the run."""


class SourceChanged(TransferBreak):
    """The file is not what it was when its sending began."""


@dataclass(frozen=True)
class Fingerprint:
    """What of a file tells that its content did not change."""

    size: int
    mtime_ns: int


@contextmanager
def opened(path: Path) -> Iterator["io.BufferedReader[io.FileIO]"]:
    """Open a regular file to look into it; raise OSError, also for what is no regular file.

    Too many open files are no fault of this one: that raises SettingsError, here and below.
    """
    number = _opening(lambda: _descriptor(path))
    with _regular(number, path.name) as raw, io.BufferedReader(raw) as file:
        yield file


def opened_below(folder: Path, path: str) -> io.FileIO:
    """Open a file below a folder to send it, following no link there.

    Raises OSError, also for what is no regular file.
    """
    try:
        number = _opening(lambda: _descriptor_below(folder, path))
    except OSError as error:
        if error.errno in {errno.ELOOP, errno.ENOTDIR}:
            raise OSError("there is a link in its place, or on the way to it") from None
        raise
    return _regular(number, path)


def _opening(descriptor: Callable[[], int]) -> int:
    try:
        return descriptor()
    except InvalidInput as error:  # for Windows, the name means something else
        raise OSError(error.message) from error
    except OSError as error:
        raise_shortage(error)
        raise


def _regular(number: int, name: str) -> io.FileIO:
    is_regular = False
    try:
        is_regular = stat.S_ISREG(os.fstat(number).st_mode)
    finally:
        if not is_regular:
            os.close(number)
    if not is_regular:
        raise OSError(f"{name} is not a regular file")
    return io.FileIO(number)


def fingerprint(file: BinaryIO) -> Fingerprint:
    """Describe an open file as it is now."""
    status = os.fstat(file.fileno())
    return Fingerprint(status.st_size, status.st_mtime_ns)


def check_unchanged(file: BinaryIO, folder: Path, path: str, expected: Fingerprint) -> None:
    """Raise SourceChanged if the file, or what lies under its name, is another or about to be."""
    place = _native(folder, path)
    try:
        there = os.stat(place)  # noqa: PTH116 - no Path holds every name of Windows
    except OSError as error:
        raise SourceChanged from error
    here = os.fstat(file.fileno())
    for status in (here, there):
        if (status.st_size, status.st_mtime_ns) != (expected.size, expected.mtime_ns):
            raise SourceChanged
    if (here.st_dev, here.st_ino) != (there.st_dev, there.st_ino):
        raise SourceChanged
    if held_by_a_writer(place):
        raise SourceChanged


if sys.platform == "win32":
    import ctypes
    import msvcrt
    from ctypes import wintypes

    from labsight_lab.sync.look.no_link import is_behind_link
    from labsight_lab.sync.look.windows import extended, file_in

    _SHARE_READ, _SHARE_ALL = 1, 7  # 7: others may write, rename and delete meanwhile

    def _native(folder: Path, path: str) -> str:
        return file_in(str(folder), path)

    def _handle(place: str, share: int) -> int:
        """Open a file for reading, by the only call that can share it as little or much as asked.

        https://learn.microsoft.com/windows/win32/api/fileapi/nf-fileapi-createfilew
        """
        generic_read, open_existing = 0x80000000, 3
        create = ctypes.WinDLL("kernel32", use_last_error=True).CreateFileW
        create.restype = wintypes.HANDLE
        create.argtypes = [
            *(wintypes.LPCWSTR, wintypes.DWORD, wintypes.DWORD, wintypes.LPVOID),
            *(wintypes.DWORD, wintypes.DWORD, wintypes.HANDLE),
        ]
        handle: int = create(place, generic_read, share, None, open_existing, 0, None)
        if handle == wintypes.HANDLE(-1).value:
            raise ctypes.WinError(ctypes.get_last_error())
        return handle

    def _descriptor(path: Path | str) -> int:
        handle = _handle(extended(str(path)), _SHARE_ALL)
        return msvcrt.open_osfhandle(handle, os.O_RDONLY | os.O_BINARY)

    def _descriptor_below(folder: Path, path: str) -> int:
        """Open a file as its path leads, and look then where that was.

        A link that is there for that moment alone is found by ``check_unchanged``.
        """
        number = _descriptor(_native(folder, path))
        is_straight = False
        try:
            is_straight = not is_behind_link(folder, path)
        finally:
            if not is_straight:
                os.close(number)
        if not is_straight:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        return number

    def held_by_a_writer(path: Path | str) -> bool:
        """Say whether another program has the file open for writing."""
        sharing_violation = 32
        try:
            handle = _handle(extended(str(path)), _SHARE_READ)
        except InvalidInput:  # who opens it will say why that cannot be
            return False
        except OSError as error:
            return error.winerror == sharing_violation
        os.close(msvcrt.open_osfhandle(handle, os.O_RDONLY))
        return False
else:
    from labsight_lab.sync.look.no_link import folder_above

    # No link in the place of the file; no waiting for a pipe's other end.
    _FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC

    def _native(folder: Path, path: str) -> str:
        return os.path.join(folder, path)  # noqa: PTH118 - as on Windows

    def _descriptor(path: Path) -> int:
        return os.open(path, _FLAGS)

    def _descriptor_below(folder: Path, path: str) -> int:
        with folder_above(folder, path) as (above, name):
            return os.open(name, _FLAGS, dir_fd=above)

    def held_by_a_writer(path: Path | str) -> bool:  # noqa: ARG001 - the other branch's signature
        """Say no: only Windows can tell whether another program writes to a file."""
        return False


def checksum(
    file: BinaryIO, start: int, length: int, before: int, tick: Callable[[], None]
) -> tuple[int, int]:
    """Return the CRC-64 of a stretch of the file, and that of all so far, given ``before``."""
    file.seek(start)
    own, left = 0, length
    while left:
        tick()
        block = file.read(min(BLOCK, left))
        if not block:
            raise SourceChanged
        own, left = crc64(block, own), left - len(block)
    return own, combined(before, own, length)


def written(crc: int) -> str:
    """Write a CRC-64 as S3 does: base64 of its bytes, the highest first."""
    return base64.b64encode(crc.to_bytes(8, "big")).decode()


def parsed(text: str) -> int:
    """Read what ``written`` writes; raise ValueError."""
    data = base64.b64decode(text, validate=True)
    if len(data) != 8:
        raise ValueError(f"{text[:40]!r} is no CRC-64")
    return int.from_bytes(data, "big")
