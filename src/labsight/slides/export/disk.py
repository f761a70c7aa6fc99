"""Writing to a disk that may be full, write-protected or in use."""

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from labsight.errors import Conflict, NotPermitted, StorageUnavailable

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_REFUSED = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
PART = ".part"
JOURNAL = ".journal"  # behind the name of a part


def write_all(file: int, data: bytes) -> None:
    """Write all of ``data``: a single call may stop short of it."""
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]


@contextmanager
def writing(place: Path) -> Iterator[None]:
    """Turn what the system says while ``place`` is written into an error that tells what to do."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise StorageUnavailable(
                f"there is no room left for {place}: make some and run the same command again, "
                "it goes on where it stopped"
            ) from error
        if error.errno in _REFUSED:
            raise NotPermitted(
                f"{place} cannot be written ({error.strerror}): give another place with --to"
            ) from error
        raise StorageUnavailable(f"{place}: {error.strerror or error}") from error


def lock(file: int, path: Path) -> None:
    """Lock an open file for this process; raise Conflict when another one has it."""
    try:
        if sys.platform == "win32":
            import msvcrt  # noqa: PLC0415 - there is none elsewhere

            os.lseek(file, 1 << 40, os.SEEK_SET)  # locks of Windows keep others from reading
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
            os.lseek(file, 0, os.SEEK_SET)
        else:
            import fcntl  # noqa: PLC0415 - there is none on Windows

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise _held(path) from None
    except OSError as error:
        if error.errno in {errno.EACCES, errno.EDEADLK}:
            raise _held(path) from None
        raise


def _held(path: Path) -> Conflict:
    return Conflict(f"another run is writing this export ({path}): wait until it ends, or stop it")


def name_finally(part: Path, final: Path) -> None:
    """Give a file or folder its final name, which nothing has; raise Conflict when it is taken."""
    with writing(final):
        if part.is_file() and hasattr(os, "link"):
            try:
                os.link(part, final)  # unlike a rename it never replaces anything
            except FileExistsError:
                raise _taken(final) from None
            except OSError:  # file systems without links
                pass
            else:
                part.unlink()
                return
        if os.path.lexists(final):
            raise _taken(final)
        part.rename(final)


def _taken(final: Path) -> Conflict:
    return Conflict(f"{final} exists meanwhile, and nothing is overwritten: move it away")


def without_journal(part: Path) -> str:
    """Say why a part that is there is not continued."""
    return (
        f"{part} exists, but not the journal that tells how to continue it: delete it to begin anew"
    )
