"""What is said about a file, a unit and their objects when they are sent."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from labsight import __version__
from labsight.objects import metadata
from labsight.objects.metadata import Declared, encoded
from labsight.slides import units
from labsight.slides.formats.kinds import kind_of
from labsight.slides.units import Member, Unit
from labsight_lab.sync.journal.entries import Entry
from labsight_lab.sync.look.candidate import Candidate, object_key
from labsight_lab.sync.look.group import LONE_FILE, Group
from labsight_lab.sync.look.ids import Ids
from labsight_lab.sync.look.scan import Seen
from labsight_lab.sync.sending.source import Fingerprint, written
from labsight_lab.sync.sending.verdict import Verdict

_MOST_HOST = 64  # characters
_UNIT_TYPE = "application/json"
_OTHER_TYPE = "application/octet-stream"


@dataclass(frozen=True, kw_only=True)
class Describer:
    """Turns files and units of one folder into what is sent; ``host`` is this machine's name."""

    folder: Path
    source: str
    host: str
    ids: Ids

    def file(self, group: Group, seen: Seen, verdict: Verdict) -> Candidate:
        """Describe a file: a lone one with its ids, a part with the unit that it belongs to."""
        about = self._sender | {metadata.MTIME_NS: str(seen.mtime_ns)}
        if group.kind == LONE_FILE:
            about |= metadata.of_slide(self._declared(seen.path, verdict))
        else:
            about |= metadata.of_part(object_key(self.source, group.place))
        kind = kind_of(seen.path.rpartition("/")[2])
        return Candidate(
            source=self.source,
            path=seen.path,
            fingerprint=Fingerprint(seen.size, seen.mtime_ns),
            content_type=kind.content_type if kind else _OTHER_TYPE,
            metadata=about,
            file=self.folder / seen.path,
            unit="" if group.kind == LONE_FILE else group.place,
            declared=verdict.declared.get(seen.path),
        )

    def unit(
        self, group: Group, entries: Sequence[Entry], digest: str, verdict: Verdict
    ) -> Candidate:
        """Describe a unit, all of whose members are in the archive."""
        found = self.ids.of(group.members[0].path)
        data = units.write(
            Unit(
                kind=group.kind,
                members=tuple(map(_member, entries)),
                case_id=found.case_id,
                slide_id=found.slide_id,
                scanner=found.scanner or self.source,
                incomplete=verdict.incomplete,
            )
        )
        return Candidate(
            source=self.source,
            path=group.place,
            fingerprint=Fingerprint(len(data), max(e.fingerprint.mtime_ns for e in entries)),
            content_type=_UNIT_TYPE,
            metadata=self._sender,
            data=data,
            members=digest,
        )

    @cached_property
    def _sender(self) -> dict[str, str]:
        return {
            metadata.AGENT: f"labsight/{__version__}",
            metadata.HOST: encoded(self.host[:_MOST_HOST]),
        }

    def _declared(self, path: str, verdict: Verdict) -> Declared:
        found = self.ids.of(path)
        return Declared(found.case_id, found.slide_id, verdict.incomplete)


def _member(entry: Entry) -> Member:
    return Member(
        path=unicodedata.normalize("NFC", entry.path),
        size=entry.fingerprint.size,
        checksum=None if entry.crc64 is None else written(entry.crc64),
        revision=entry.revision,
        mtime_ns=entry.fingerprint.mtime_ns,
    )
