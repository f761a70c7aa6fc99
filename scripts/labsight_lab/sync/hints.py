"""File system events, as hints that another look at the folder may be worth it.

They are hints only: network shares tell of nothing, queues overflow, and no system but Linux says
when a file was closed. What is sent is decided by looking.
"""

import threading
import time
from collections.abc import Callable
from pathlib import Path

_LISTEN_S = 0.2  # a wait without end would not hear Ctrl-C on Windows
_DEBOUNCE_MS, _STEP_MS = 100, 20  # events of one moment are one hint
_AGAIN_S = 30.0  # until listening is tried again, after it failed


class Pause:
    """Waits, and knows of no events."""

    def is_given(self) -> bool:
        """There is never a hint."""
        return False

    def forget(self) -> None:
        """There is nothing to forget."""

    def wait(self, seconds: float, *, heed: bool = True) -> None:  # noqa: ARG002 - as below
        """Wait so long."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            time.sleep(min(left, _LISTEN_S))


class Hints:
    """Listens until the process ends. ``say`` hears, once, that listening does not work here."""

    def __init__(self, folder: Path, say: Callable[[str], None]) -> None:
        self._folder, self._say = folder, say
        self._changed = threading.Event()
        threading.Thread(target=self._listen, daemon=True, name="hints").start()

    def is_given(self) -> bool:
        """Whether something changed since `forget` was called."""
        return self._changed.is_set()

    def forget(self) -> None:
        """Take what changes from now on for news."""
        self._changed.clear()

    def wait(self, seconds: float, *, heed: bool = True) -> None:
        """Wait for a hint, for so many seconds at most; without ``heed`` for all of them."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0 and not (heed and self._changed.is_set()):
            if heed:
                self._changed.wait(min(left, _LISTEN_S))
            else:
                time.sleep(min(left, _LISTEN_S))

    def _listen(self) -> None:
        from watchfiles import watch  # noqa: PLC0415 - loaded beside the first look

        told = False
        while True:
            try:
                for _ in watch(
                    self._folder,
                    watch_filter=None,
                    debounce=_DEBOUNCE_MS,
                    step=_STEP_MS,
                    rust_timeout=5000,
                    raise_interrupt=False,
                    ignore_permission_denied=True,
                ):
                    self._changed.set()
            except Exception as error:  # noqa: BLE001 - hints may fail, the looks go on
                if not told:
                    self._say(
                        f"no events from the file system ({error}); the folder is looked at now "
                        "and then"
                    )
                told = True
            time.sleep(_AGAIN_S)
