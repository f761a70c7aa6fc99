"""A local file that is held open while it is decided whether it may go, and removed as held.

What was checked and what is removed must be one file: nothing on the way to it may be a link, and
nothing else may have taken its name. On Windows the file itself is removed, by the handle that it
was read through, and while it is held nobody may write to it or move it. POSIX can only remove a
name: it is looked at once more right before, in the folder that is held open.
"""

import os
import stat
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import BinaryIO, NamedTuple

from labsight_lab.sync.source import Fingerprint, SourceChanged, checksum


class Identity(NamedTuple):
    """What tells one file in one state from all others.

    ``changed_ns`` is on POSIX the time of the last change of any kind, which no program can set
    back as it can ``mtime_ns``; on Windows that of the file's making.
    """

    device: int
    number: int
    size: int
    mtime_ns: int
    changed_ns: int

    @property
    def fingerprint(self) -> Fingerprint:
        """What the journal keeps of it."""
        return Fingerprint(self.size, self.mtime_ns)


class Held:
    """An open file; ``remove_name`` removes it under its name."""

    def __init__(self, file: BinaryIO, remove_name: Callable[[Identity], None]) -> None:
        self._file, self._remove_name = file, remove_name

    def identity(self) -> Identity:
        """Describe it as it is now."""
        return _identity(os.fstat(self._file.fileno()))

    def crc64(self, listen: Callable[[], None]) -> int:
        """Return the CRC-64/NVME of its bytes; raise SourceChanged when it changes meanwhile."""
        before = self.identity()
        crc64, _ = checksum(self._file, 0, before.size, 0, listen)
        if self.identity() != before:
            raise SourceChanged
        return crc64

    def remove(self, expected: Identity) -> None:
        """Remove it, if it is still as expected; raise SourceChanged otherwise, and OSError."""
        if self.identity() != expected:
            raise SourceChanged
        self._remove_name(expected)


def is_still_there(folder: Path, path: str, identity: Identity) -> bool:
    """Whether this very file lies at a path, as it was; raise OSError where nobody may look."""
    try:
        there = _identity(os.lstat(_native(folder, path)))
    except (FileNotFoundError, NotADirectoryError):
        return False
    return (there.number, there.fingerprint) == (identity.number, identity.fingerprint)


def remove_emptied(folder: Path, place: str, paths: Sequence[str]) -> None:
    """Remove the folders in which these files lay, if they are empty, from ``place`` downwards.

    ``place`` is a unit's own folder, with a ``/`` at its end.
    """
    own = {
        f"{above}/" for path in paths for above in PurePosixPath(path).parents if str(above) != "."
    }
    for one in sorted(own, key=len, reverse=True):
        if one.startswith(place):
            with suppress(OSError):  # it is not empty, or somebody is in it
                _remove_folder(folder, one.rstrip("/"))


def _identity(status: os.stat_result) -> Identity:
    return Identity(
        status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
    )


def _checked(file: BinaryIO, path: str) -> BinaryIO:
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        raise OSError(f"{path} is not a regular file")
    return file


if sys.platform == "win32":
    import ctypes
    import msvcrt
    from ctypes import wintypes

    from labsight_lab.sync.look.no_link import is_behind_link
    from labsight_lab.sync.look.windows import file_in

    def _native(folder: Path, path: str) -> str:
        return file_in(str(folder), path)

    @contextmanager
    def held(folder: Path, path: str) -> Iterator[Held]:
        """Hold a file below a folder; raise OSError, also for what is no regular file or a link."""
        place = _native(folder, path)
        _check_no_link(folder, path)
        number = msvcrt.open_osfhandle(_handle(place), os.O_RDONLY | os.O_BINARY)
        with open(number, "rb") as file:  # noqa: PTH123 - a descriptor
            yield Held(_checked(file, path), lambda _: _remove(file))

    def _check_no_link(folder: Path, path: str) -> None:
        if is_behind_link(folder, path):
            raise FileNotFoundError(f"there is a link on the way to {path}")

    def _handle(place: str) -> int:
        """Open a file to be read and removed, while others may but read.

        https://learn.microsoft.com/windows/win32/api/fileapi/nf-fileapi-createfilew
        """
        read_and_delete, share_read, open_existing = 0x80010000, 1, 3
        create = ctypes.WinDLL("kernel32", use_last_error=True).CreateFileW
        create.restype = wintypes.HANDLE
        create.argtypes = [
            *(wintypes.LPCWSTR, wintypes.DWORD, wintypes.DWORD, wintypes.LPVOID),
            *(wintypes.DWORD, wintypes.DWORD, wintypes.HANDLE),
        ]
        handle: int = create(place, read_and_delete, share_read, None, open_existing, 0, None)
        if handle == wintypes.HANDLE(-1).value:
            raise ctypes.WinError(ctypes.get_last_error())
        return handle

    def _remove(file: BinaryIO) -> None:
        """Have a file go when it is closed.

        https://learn.microsoft.com/windows/win32/api/fileapi/nf-fileapi-setfileinformationbyhandle
        """
        disposition = 4
        change = ctypes.WinDLL("kernel32", use_last_error=True).SetFileInformationByHandle
        change.restype = wintypes.BOOL
        change.argtypes = [wintypes.HANDLE, ctypes.c_int, wintypes.LPVOID, wintypes.DWORD]
        goes = wintypes.BOOLEAN(1)
        handle = msvcrt.get_osfhandle(file.fileno())
        if not change(handle, disposition, ctypes.byref(goes), ctypes.sizeof(goes)):
            raise ctypes.WinError(ctypes.get_last_error())

    def _remove_folder(folder: Path, path: str) -> None:
        place = _native(folder, path)
        _check_no_link(folder, path)
        os.rmdir(place)  # noqa: PTH106 - no Path holds every name of Windows
else:
    from labsight_lab.sync.look.no_link import folder_above

    _FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC

    def _native(folder: Path, path: str) -> str:
        return os.path.join(folder, path)  # noqa: PTH118 - as on Windows

    @contextmanager
    def held(folder: Path, path: str) -> Iterator[Held]:
        """Hold a file below a folder; raise OSError, also for what is no regular file or a link."""
        with folder_above(folder, path) as (above, name):

            def remove(expected: Identity) -> None:
                there = os.stat(name, dir_fd=above, follow_symlinks=False)
                if _identity(there) != expected:
                    raise SourceChanged
                os.unlink(name, dir_fd=above)

            number = os.open(name, _FILE, dir_fd=above)
            with open(number, "rb") as file:  # noqa: PTH123 - a descriptor
                yield Held(_checked(file, path), remove)

    def _remove_folder(folder: Path, path: str) -> None:
        with folder_above(folder, path) as (above, name):
            os.rmdir(name, dir_fd=above)
