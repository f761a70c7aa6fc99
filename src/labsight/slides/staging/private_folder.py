"""A folder for one process's temporary files, which does not outlive it for long."""

import os
import shutil
import tempfile
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from labsight.errors import StorageUnavailable

_PREFIX = "process-"
_LOCK = "lock"


class PrivateFolder:
    """A folder below ``parent`` that no other process touches, ``path``.

    It goes with this object. What a killed process left behind goes when the next one comes: a
    lock tells the living from the dead, because the number of a process may be given out again.
    """

    def __init__(self, parent: Path) -> None:
        try:
            parent.mkdir(parents=True, exist_ok=True)
            with _alone(parent):
                _sweep(parent)
                self.path = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
                lock = _hold(self.path / _LOCK)
        except OSError as error:
            raise StorageUnavailable(
                f"the scratch folder cannot be written ({error.strerror}); TMPDIR names another"
            ) from None
        self._end = weakref.finalize(self, _remove, self.path, lock)

    def close(self) -> None:
        """Remove the folder now, with all that is in it; repeating it does nothing."""
        self._end()


def _sweep(parent: Path) -> None:
    for folder in parent.glob(f"{_PREFIX}*/"):
        lock = _hold(folder / _LOCK, wait=False)
        if lock is not None:
            _remove(folder, lock)


@contextmanager
def _alone(parent: Path) -> Iterator[None]:
    """Keep others from sweeping away a folder that is not locked yet."""
    lock = _hold(parent / _LOCK)
    try:
        yield
    finally:
        if lock is not None:
            os.close(lock)


def _hold(path: Path, *, wait: bool = True) -> int | None:
    """Lock a file until it is closed, at the latest when the process ends; None: it is locked."""
    import fcntl  # noqa: PLC0415 - `labsight serve` copies nothing and runs without it on Windows

    lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        os.close(lock)
        return None
    return lock


def _remove(folder: Path, lock: int | None) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    if lock is not None:
        os.close(lock)
