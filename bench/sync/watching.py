"""`labsight sync --watch` in a process of its own."""

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from bench.folders import CACHE
from bench.processes import server
from bench.sync import commands

_PATIENCE = 60.0  # seconds until what is waited for has to be there
_STEP = 0.01

Found = TypeVar("Found")


@dataclass(frozen=True)
class Watched:
    """A folder that is being watched, and what the process that does has said."""

    folder: Path
    log: Path

    def soon(self, look: Callable[[], Found | None]) -> Found:
        """Look until there is something; raise RuntimeError with what the process said."""
        end = time.monotonic() + _PATIENCE
        while time.monotonic() < end:
            if (found := look()) is not None:
                return found
            time.sleep(_STEP)
        words = self.log.read_text(errors="replace")[-500:]
        raise RuntimeError(f"what was waited for did not come: {words}")


@contextmanager
def watching(
    endpoint: str, bucket: str, quiet: float, variables: Mapping[str, str] | None = None
) -> Iterator[Watched]:
    """Watch a folder that is empty at first, with a quiet period in seconds."""
    with tempfile.TemporaryDirectory(dir=CACHE) as temporary:
        folder, log = Path(temporary, "slides"), Path(temporary, "log")
        folder.mkdir()
        place = commands.Place(folder, endpoint, bucket, Path(temporary, "journal"))
        line = [one for one in commands.labsight(place) if one != "--once"]
        line += ["--watch", "--quiet-period", str(quiet)]
        own = commands.variables(Path(temporary)) | dict(variables or {})
        with server(line, log=log, variables=own):
            yield Watched(folder, log)
