"""What a look at the archive says of one file or unit."""

from dataclasses import dataclass
from enum import StrEnum

from labsight_lab.sync.journal.entries import Entry


class Finding(StrEnum):
    """What the archive holds where the journal says that something of ours is."""

    PROVEN = "proven"
    MISSING = "missing"  # no object
    DIFFERENT = "different"  # other content than was sent
    DAMAGED = "damaged"  # its bytes, read back, are not those that it was stored with
    UNTOLD = "untold"  # no checksum to compare with
    OTHER = "other"  # content that was never ours: this file is not archived
    FREE = "free"  # nothing any more where something foreign was: this file is not archived
    UNREADABLE = "unreadable"


class Here(StrEnum):
    """What lies in the folder, held against what was sent."""

    SAME = "same"
    CHANGED = "changed"  # by somebody, on purpose: size or time tell
    DAMAGED = "damaged"  # other bytes of the same size and time
    UNREADABLE = "unreadable"
    GONE = "gone"


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What was found of one entry of the journal.

    ``here`` is None when the local file was not looked at; ``becomes`` is what the journal is to
    say from now on.
    """

    entry: Entry
    key: str
    finding: Finding
    reason: str = ""
    here: Here | None = None
    here_reason: str = ""
    becomes: Entry | None = None

    @property
    def is_fine(self) -> bool:
        """Whether nobody has to look."""
        return self.finding is Finding.PROVEN and self.here not in {Here.DAMAGED, Here.UNREADABLE}
