"""Locks of files that processes on several machines share, over a network file system too.

A lock goes with the process that holds it, however that ends, so that no dead one keeps others
waiting. On NFS it also goes when its holder stops answering (a frozen function): hold one only
while a call lasts, and do nothing under it that a second holder could spoil.
https://docs.aws.amazon.com/efs/latest/ug/how-it-works.html
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_FIRST_PAUSE, _LONGEST_PAUSE = 0.01, 0.25  # seconds between two tries


def hold(path: Path, *, shared: bool, until: float) -> int | None:
    """Lock a file, made if need be; return its descriptor, whose closing unlocks it.

    ``until`` is a time of ``time.monotonic``; None: others held it until then. A time that has
    passed means one try. ``shared`` locks exclude only those that are not.
    """
    import fcntl  # noqa: PLC0415 - `labsight serve` copies nothing and runs without it on Windows

    kind = (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB
    pause = _FIRST_PAUSE
    while True:
        lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, kind)
            if _is(lock, path):
                return lock
        except BlockingIOError:
            if time.monotonic() >= until:
                os.close(lock)
                return None
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
        except BaseException:
            os.close(lock)
            raise
        os.close(lock)


@contextmanager
def held(lock: int) -> Iterator[None]:
    """Unlock at the end of a block."""
    try:
        yield
    finally:
        os.close(lock)


def _is(lock: int, path: Path) -> bool:
    """Whether the locked file still has that name: its last holder may have removed it."""
    try:
        return os.path.samestat(os.fstat(lock), path.stat())
    except FileNotFoundError:
        return False
