"""Files laid into a folder, and what a look at it sees."""

import os
from collections.abc import Mapping
from pathlib import Path

from labsight_lab.sync.look.scan import Seen, scan

LONG_AGO = 1_600_000_000


def lay(folder: Path, files: Mapping[str, bytes], mtime: float = LONG_AGO) -> list[Seen]:
    """Write files by their relative paths, then return all that lie in the folder."""
    for path, content in files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        os.utime(file, (mtime, mtime))
    return sorted(scan(folder).files)
