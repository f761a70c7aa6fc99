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

from labsight_lab.sync.sending.crc64 import combined, crc64

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
    """Open a regular file to look into it; raise OSError, also for what is no regular file."""
    with _regular(_descriptor(path), path.name) as raw, io.BufferedReader(raw) as file:
        yield file


def opened_below(folder: Path, path: str) -> io.FileIO:
    """Open a file below a folder to send it; raise OSError, also for what is no regular file.

    Whoever may write to the folder could put a link where there was a file, or a folder above it,
    and have sent what he may not read himself: no link is followed below ``folder``, where the
    system has a way to open without (POSIX).
    """
    try:
        number = _descriptor_below(folder, path)
    except OSError as error:
        if error.errno in {errno.ELOOP, errno.ENOTDIR}:
            raise OSError("there is a link in its place, or on the way to it") from None
        raise
    return _regular(number, path)


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
    for status in (os.fstat(file.fileno()), there):
        if (status.st_size, status.st_mtime_ns) != (expected.size, expected.mtime_ns):
            raise SourceChanged
    if held_by_a_writer(place):
        raise SourceChanged


if sys.platform == "win32":
    import ctypes
    import msvcrt
    from ctypes import wintypes

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
        """Open a file as its path leads: Win32 has no call that starts from an open folder."""
        return _descriptor(_native(folder, path))

    def held_by_a_writer(path: Path | str) -> bool:
        """Say whether another program has the file open for writing."""
        sharing_violation = 32
        try:
            handle = _handle(extended(str(path)), _SHARE_READ)
        except OSError as error:
            return error.winerror == sharing_violation
        os.close(msvcrt.open_osfhandle(handle, os.O_RDONLY))
        return False
else:
    # No link in the place of the file; no waiting for a pipe's other end.
    _FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    # A folder is only passed through, which Linux lets one say: a share is not asked to open it.
    _PASSED = getattr(os, "O_PATH", os.O_RDONLY)
    _FOLDER = _PASSED | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC

    def _native(folder: Path, path: str) -> str:
        return os.path.join(folder, path)  # noqa: PTH118 - as on Windows

    def _descriptor(path: Path) -> int:
        return os.open(path, _FLAGS)

    def _descriptor_below(folder: Path, path: str) -> int:
        """Open a file, passing through each folder above it as it was found to be no link."""
        *folders, name = path.split("/")
        if not folders:
            return os.open(_native(folder, name), _FLAGS)
        above = os.open(_native(folder, folders[0]), _FOLDER)
        try:
            for one in folders[1:]:
                below = os.open(one, _FOLDER, dir_fd=above)
                os.close(above)
                above = below
            return os.open(name, _FLAGS, dir_fd=above)
        finally:
            os.close(above)

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
