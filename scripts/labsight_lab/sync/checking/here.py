"""A local file once more: whether it is still what was sent."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from labsight_lab.sync.checking.findings import Here
from labsight_lab.sync.journal.entries import Entry
from labsight_lab.sync.source import (
    Fingerprint,
    SourceChanged,
    checksum,
    fingerprint,
    opened,
    written,
)


class Read(NamedTuple):
    """What a file is now; ``crc64`` is its CRC-64/NVME."""

    fingerprint: Fingerprint
    crc64: int


def read(file: Path, listen: Callable[[], None]) -> Read:
    """Read a file from start to end; raise OSError, or SourceChanged when it changes meanwhile.

    ``listen`` is called for each block, and may end the reading by raising.
    """
    with opened(file) as content:
        before = fingerprint(content)
        crc64, _ = checksum(content, 0, before.size, 0, listen)
        if fingerprint(content) != before:
            raise SourceChanged
    return Read(before, crc64)


def compared(
    folder: Path, entry: Entry, crc64: int, listen: Callable[[], None]
) -> tuple[Here, str]:
    """Hold a file against the content that was sent; say what is wrong with it."""
    try:
        now = read(folder / entry.path, listen)
    except (FileNotFoundError, NotADirectoryError):
        return Here.GONE, ""
    except SourceChanged:
        return Here.CHANGED, "it is being written to"
    except OSError as error:
        return Here.UNREADABLE, f"cannot be read here: {error.strerror or error}"
    if now.crc64 == crc64:
        return Here.SAME, ""
    if now.fingerprint != entry.fingerprint:
        return Here.CHANGED, "it has changed since it was sent: the next sync sends a revision"
    return Here.DAMAGED, (
        f"its bytes have CRC64NVME {written(now.crc64)}, those sent had {written(crc64)}; size and "
        "time are the same, so no program changed it: copy it back from the archive"
    )
