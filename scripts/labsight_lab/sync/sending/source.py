"""A local file as it is sent: opened read-only, never through a link, and watched for changes."""

import base64
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
    """Open a regular file for reading; raise OSError, also for what is no regular file."""
    with open(_descriptor(path), "rb", buffering=0) as raw:  # noqa: PTH123 - a descriptor
        if not stat.S_ISREG(os.fstat(raw.fileno()).st_mode):
            raise OSError(f"{path.name} is not a regular file")
        with io.BufferedReader(raw) as file:
            yield file


def fingerprint(file: BinaryIO) -> Fingerprint:
    """Describe an open file as it is now."""
    status = os.fstat(file.fileno())
    return Fingerprint(status.st_size, status.st_mtime_ns)


def check_unchanged(file: BinaryIO, path: Path, expected: Fingerprint) -> None:
    """Raise SourceChanged if the file, or what lies under its name, is another or about to be."""
    try:
        there = os.stat(_native(path))  # noqa: PTH116 - no Path holds every name of Windows
    except OSError as error:
        raise SourceChanged from error
    if (
        fingerprint(file) != expected
        or Fingerprint(there.st_size, there.st_mtime_ns) != expected
        or held_by_a_writer(path)
    ):
        raise SourceChanged


if sys.platform == "win32":
    import ctypes
    import msvcrt
    from ctypes import wintypes

    from labsight_lab.sync.look.windows import extended as _native

    _SHARE_READ, _SHARE_ALL = 1, 7  # 7: others may write, rename and delete meanwhile

    def _handle(path: Path, share: int) -> int:
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
        handle: int = create(_native(path), generic_read, share, None, open_existing, 0, None)
        if handle == wintypes.HANDLE(-1).value:
            raise ctypes.WinError(ctypes.get_last_error())
        return handle

    def _descriptor(path: Path) -> int:
        return msvcrt.open_osfhandle(_handle(path, _SHARE_ALL), os.O_RDONLY | os.O_BINARY)

    def held_by_a_writer(path: Path) -> bool:
        """Say whether another program has the file open for writing."""
        sharing_violation = 32
        try:
            handle = _handle(path, _SHARE_READ)
        except OSError as error:
            return error.winerror == sharing_violation
        os.close(msvcrt.open_osfhandle(handle, os.O_RDONLY))
        return False
else:
    # No link in the place of the file; no waiting for a pipe's other end.
    _FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC

    def _native(path: Path) -> str:
        return str(path)

    def _descriptor(path: Path) -> int:
        return os.open(path, _FLAGS)

    def held_by_a_writer(path: Path) -> bool:  # noqa: ARG001 - the other branch's signature
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
