"""`labsight`, run with what a test wants to be different about it.

    python -m tests.support.sync_program '{"part_size": 65536, "unreadable": ["b.svs"]}' sync ...

``part_size``: bytes of a part, and of the largest file that goes in one request. ``attempts``: how
often a request is tried. ``unreadable``: names of files and folders that the system lets nobody
open (rights do not stop an administrator). ``most_file``: bytes that any file may have that this
process writes to, as on a full disk.
"""

import errno
import json
import os
import resource
import sys
from typing import Any

from labsight_lab import cli
from labsight_lab.sync.sending import one_file, s3_client


def main() -> None:
    """Run it, and end with its exit code."""
    wishes = json.loads(sys.argv[1])
    if "part_size" in wishes:
        one_file.PART_SIZE = wishes["part_size"]
        one_file._MIB = 1  # sizes of parts are no longer whole MiB
    if "attempts" in wishes:
        s3_client.ATTEMPTS = wishes["attempts"]
    if "unreadable" in wishes:
        _guard(tuple(f"/{name}" for name in wishes["unreadable"]))
    if "most_file" in wishes:
        resource.setrlimit(resource.RLIMIT_FSIZE, (wishes["most_file"], wishes["most_file"]))
    sys.exit(cli.main(sys.argv[2:]))


def _guard(ends: tuple[str, ...]) -> None:
    def refuse(event: str, arguments: tuple[Any, ...]) -> None:
        # A name that is opened from its folder has no slash.
        if event in {"open", "os.scandir"} and f"/{arguments[0]}".endswith(ends):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), arguments[0])

    sys.addaudithook(refuse)


if __name__ == "__main__":
    main()
