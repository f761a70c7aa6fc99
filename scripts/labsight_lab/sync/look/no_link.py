"""The way to a file below a folder, on which no link is followed.

Whoever may write to the folder could put a link where there was a file, or a folder above it, and
have sent or removed what he may not touch himself. The folder itself may be reached by a link.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

if sys.platform == "win32":
    from labsight_lab.sync.look.windows import extended, file_in, is_elsewhere

    def is_behind_link(folder: Path, path: str) -> bool:
        """Say whether a link leads to a path now: Win32 has no call that starts from a folder."""
        real = os.path.realpath(extended(str(folder)))
        return is_elsewhere(real, path, os.path.realpath(file_in(str(folder), path)))
else:
    # A folder is only passed through, which Linux lets one say: a share is not asked to open it.
    _FOLDER = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_CLOEXEC

    @contextmanager
    def folder_above(folder: Path, path: str) -> Iterator[tuple[int, str]]:
        """Open the folder that a file lies in, for calls with ``dir_fd``; return its name, too.

        Each folder on the way is passed through as it was found to be no link. Raises OSError.
        """
        *folders, name = path.split("/")
        above = os.open(folder, _FOLDER)
        try:
            for one in folders:
                below = os.open(one, _FOLDER | os.O_NOFOLLOW, dir_fd=above)
                os.close(above)
                above = below
            yield above, name
        finally:
            os.close(above)
