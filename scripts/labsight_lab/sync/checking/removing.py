"""Local files go, one by one: announced, claimed, removed, noted.

No lock is taken that sync needs: a service that watches the folder holds it all the time. What
keeps the two apart is the journal. A file is claimed there (``removed`` is set) in one change,
which is made only if its entry still tells of the content that was proven and nothing is being
sent. The last look at the file comes after the claim: whatever sync begins with from then on is
another file or other content, and is left alone. What sync reads meanwhile stays readable to it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from labsight_lab.sync.checking.case import Means
from labsight_lab.sync.checking.held import Identity, held, is_still_there, remove_emptied
from labsight_lab.sync.checking.proof import NotProven, Proof, archived
from labsight_lab.sync.checking.record import KEPT, REMOVED, REMOVING, Record, moment
from labsight_lab.sync.journal.entries import Entry
from labsight_lab.sync.journal.exchange import exchange
from labsight_lab.sync.journal.journal import Journal
from labsight_lab.sync.look.candidate import object_key
from labsight_lab.sync.look.scan import Seen
from labsight_lab.sync.source import SourceChanged, written

_INTERRUPTED = "the command was interrupted before"


@dataclass(frozen=True, kw_only=True)
class Remover:
    """Removes what was proven, and keeps a record."""

    means: Means
    record: Record

    def remove(self, proof: Proof) -> Iterator[Seen]:
        """Remove the files of a lot, then the folders of a unit that are empty; yield each file.

        The archive is asked once more, right before. Raises NotProven for what has to stay; what
        comes after it in the lot stays as well.
        """
        lot = proof.lot
        entries = archived(self.means, lot)
        for seen in lot.files:
            self._one(entries[seen.path], proof.identities[seen.path])
            yield seen
        if lot.place.endswith("/"):
            remove_emptied(self.means.folder, lot.place, lot.proofs[:-1])

    def _one(self, entry: Entry, identity: Identity) -> None:
        at = self._announce(entry, identity)
        claimed = replace(entry, removed=at)
        reason = "sync is at work with it"
        if exchange(self.means.journal, [(entry, claimed)]):
            reason = self._trouble(entry.path, identity)
            if not reason:
                self.record.note(REMOVED, entry.path)
                return
            exchange(self.means.journal, [(claimed, entry)])
        self.record.note(KEPT, entry.path, reason=reason)
        raise NotProven(reason, entry.path)

    def _announce(self, entry: Entry, identity: Identity) -> float:
        return self.record.note(
            REMOVING,
            entry.path,
            key=object_key(self.means.source, entry.path, max(1, entry.revision)),
            size=identity.size,
            crc64nvme=written(entry.crc64 or 0),
            mtime_ns=identity.mtime_ns,
            identity=list(identity),
        )

    def _trouble(self, path: str, identity: Identity) -> str:
        """Remove a file; return why it could not be."""
        try:
            with held(self.means.folder, path) as file:
                file.remove(identity)
        except SourceChanged:
            return "it is not the file any more that was checked"
        except OSError as error:
            return f"it cannot be removed: {error.strerror or error}"
        return ""


def settle(record: Record, journal: Journal, folder: Path) -> None:
    """Find out how removals ended that were cut short, and note it.

    What cannot be looked at now is left for the next time.
    """
    for line in record.unended():
        path = line["path"]
        try:
            identity = Identity(*line["identity"])
            is_there = is_still_there(folder, path, identity)
        except (OSError, TypeError, LookupError):
            continue
        entry = journal.entry(path)
        if not is_there:
            record.note(REMOVED, path, reason=_INTERRUPTED)
        else:
            if entry and entry.removed and moment(entry.removed) == line["at"]:
                exchange(journal, [(entry, replace(entry, removed=None))])
            record.note(KEPT, path, reason=_INTERRUPTED)
