"""What becomes of a file that was to be sent."""

from dataclasses import dataclass
from enum import Enum

from labsight_lab.sync.look.group import Group


class Result(Enum):
    """How the sending of one file ended."""

    UPLOADED = "uploaded"
    SAME = "same"  # only its time stamp had changed
    EXISTS = "exists"
    CONFLICT = "conflict"
    UNFINISHED = "unfinished"
    CHANGED = "changed"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of one file, or of one ``unit.json`` (then ``path`` ends with ``/``).

    ``place`` is that of the group it belongs to, ``key`` where it went or would have gone,
    ``seconds`` how long that took. ``crc64`` is what the archive holds of it now. ``group`` is that
    of a unit whose ``unit.json`` it is. ``revision`` is more than 1 where the archive has another
    one of this name, ``is_incomplete``: it was sent, and marked, although it is not whole.
    """

    path: str
    place: str
    size: int
    result: Result
    reason: str = ""
    key: str = ""
    seconds: float = 0.0
    crc64: int | None = None
    group: Group | None = None
    revision: int = 1
    is_incomplete: bool = False
