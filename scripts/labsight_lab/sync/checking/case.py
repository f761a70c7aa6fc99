"""One entry of the journal under examination, and what may be concluded about it."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from labsight_lab.sync.checking import here
from labsight_lab.sync.checking.asking import Asker
from labsight_lab.sync.checking.bytes_back import crc64_of, unit_of
from labsight_lab.sync.checking.findings import Checked, Finding, Here
from labsight_lab.sync.journal.entries import Entry, State
from labsight_lab.sync.journal.journal import Journal
from labsight_lab.sync.look.candidate import object_key
from labsight_lab.sync.look.scan import is_there
from labsight_lab.sync.sending.archive import Stored


@dataclass(frozen=True, kw_only=True)
class Means:
    """What all checks share.

    ``deep`` reads the object back, and the local file where there is one. With ``resend`` what is
    missing or different becomes something to send, if its file is still as it was sent. ``moved``
    hears of bytes that came from the archive and may end the check by raising.
    """

    folder: Path
    source: str
    journal: Journal
    asker: Asker
    deep: bool = False
    resend: bool = False
    moved: Callable[[int], None] = lambda _: None
    now: Callable[[], float] = time.time

    def listen(self) -> None:
        """End the check, by raising, when it is to end."""
        self.moved(0)

    def is_here(self, path: str) -> bool:
        """Whether something lies at a path of the folder."""
        return is_there(self.folder, path)


class Case:
    """An entry, and the object that one of its revisions is."""

    def __init__(self, means: Means, entry: Entry, revision: int) -> None:
        self.means, self.entry, self.revision = means, entry, revision
        self.key = object_key(means.source, entry.path, revision)
        self.here: Here | None = None
        self.here_reason = ""

    def ended(self, finding: Finding, told: str = "", /, **changes: Any) -> Checked:
        """Return what was found, and what the journal is to say otherwise from now on."""
        return Checked(
            entry=self.entry,
            key=self.key,
            finding=finding,
            reason=told,
            here=self.here,
            here_reason=self.here_reason,
            becomes=replace(self.entry, **changes) if changes else None,
        )

    def proven(self, crc64: int, **others: Any) -> Checked:
        """Return that the archive has the content."""
        return self.ended(
            Finding.PROVEN,
            state=State.VERIFIED,
            reason="",
            crc64=crc64,
            verified=self.means.now(),
            **others,
        )

    def other(self, told: str, crc64: int | None) -> Checked:
        """Return that the key has foreign content: that of the file goes to the next revision."""
        return self.ended(
            Finding.OTHER,
            f"{told}; nothing is overwritten, the next sync sends this one as a revision beside it",
            state=State.SEEN,
            reason="",
            revision=self.revision,
            crc64=crc64,
            verified=None,
        )

    def lost(self, finding: Finding, told: str) -> Checked:
        """Return that what was sent is not there as it was sent.

        Sending it again is for people to decide: that it was there and is not has a cause.
        """
        if not self.means.resend:
            return self.noted(finding, told)
        if trouble := self._keeps_from_resending():
            return self.noted(finding, f"{told}; it cannot be sent again: {trouble}")
        return self.ended(
            finding,
            f"{told}; the next sync sends it again",
            state=State.SEEN,
            reason="",
            # A key that is free is taken again: the slide keeps its place in the catalog.
            revision=self.revision - (finding is Finding.MISSING),
            crc64=None,
            verified=None,
        )

    def noted(self, finding: Finding, told: str) -> Checked:
        """Return what was found, for the journal to keep until it is right again."""
        day = datetime.fromtimestamp(self.means.now()).astimezone()
        is_doubtful = self.entry.state is State.EXISTS
        return self.ended(
            finding,
            told,
            state=State.EXISTS if is_doubtful else State.UPLOADED,
            reason=f"`labsight verify` on {day:%Y-%m-%d}: {told}",
            verified=None,
        )

    def unit(self, stored: Stored) -> tuple[bytes, int]:
        """Return what a ``unit.json`` says, and the CRC-64 of its bytes."""
        return unit_of(self.means.asker, self.key, stored, self.means.moved)

    def crc64_of_bytes(self, stored: Stored) -> int:
        """Return the CRC-64 of an object's bytes as they are read back."""
        return crc64_of(self.means.asker, self.key, stored, self.means.moved)

    def look_here(self, crc64: int) -> None:
        """Hold the local file against what was sent."""
        self.here, self.here_reason = here.compared(
            self.means.folder, self.entry, crc64, self.means.listen
        )

    def _keeps_from_resending(self) -> str:
        """Return why what was sent cannot be sent again; nothing when it can."""
        entry, means = self.entry, self.means
        unit = entry.path if entry.is_unit else entry.unit
        if unit and not all(means.is_here(part.path) for part in means.journal.members(unit)):
            return "not all files of its unit are here any more"
        if entry.is_unit:
            return ""
        if entry.crc64 is not None:
            self.look_here(entry.crc64)
        return "" if self.here is Here.SAME else "the file is not here any more as it was sent"
