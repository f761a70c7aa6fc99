"""What is said about a file, a unit and their objects when they are sent."""

import socket
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate
from pathlib import Path

from labsight import __version__, keys
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
from labsight_lab.sync.sending.verdict import Verdict
from labsight_lab.sync.source import Fingerprint, written

_SCANNER = "labsight-scanner"  # where a slide of one file comes from, for people
_MOST_HOST = 64  # bytes, as it is sent
_MOST_REASON = 600  # characters, of which a unit.json holds more
_PREFIX = len("x-amz-meta-")  # of each name; counted here, as S3 does not say whether it counts it
# Bytes of a unit.json for one file: its path in JSON has twice as many as its key at most.
_MOST_A_MEMBER = 2 * keys.MAX_KEY_BYTES + 250
_MIB = 1 << 20
_UNIT_TYPE = "application/json"
_OTHER_TYPE = "application/octet-stream"


@dataclass(frozen=True, kw_only=True)
class Describer:
    """Turns files and units of one folder into what is sent; ``host`` is this machine's name."""

    folder: Path
    source: str
    ids: Ids
    host: str = field(default_factory=socket.gethostname)

    def file(self, group: Group, seen: Seen, verdict: Verdict) -> Candidate:
        """Describe a file: a lone one with its ids, a part with the unit that it belongs to."""
        about = self._sender | {metadata.MTIME_NS: str(seen.mtime_ns)}
        if group.kind == LONE_FILE:
            about |= self._of_slide(seen.path, verdict, about)
        else:
            about |= metadata.of_part(object_key(self.source, group.place))
        kind = kind_of(seen.path.rpartition("/")[2])
        return Candidate(
            source=self.source,
            path=seen.path,
            fingerprint=Fingerprint(seen.size, seen.mtime_ns),
            content_type=kind.content_type if kind else _OTHER_TYPE,
            metadata=about,
            folder=self.folder,
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
                incomplete=verdict.incomplete and verdict.incomplete[:_MOST_REASON],
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
            refused=_misfit(len(entries), len(data)) or "",
        )

    @cached_property
    def _sender(self) -> dict[str, str]:
        return {
            metadata.AGENT: f"labsight/{__version__}",
            metadata.HOST: encoded(_cut(self.host, _MOST_HOST)),
        }

    def _of_slide(self, path: str, verdict: Verdict, about: Mapping[str, str]) -> dict[str, str]:
        """Return what is known of a slide of one file, as much as fits beside ``about``."""
        found = self.ids.of(path)
        told = metadata.of_slide(Declared(found.case_id, found.slide_id))
        if found.scanner:
            told[_SCANNER] = encoded(found.scanner)
        if verdict.incomplete:
            taken = sum(_PREFIX + len(name) + len(text) for name, text in {**about, **told}.items())
            room = metadata.MAX_BYTES - taken - _PREFIX - len(metadata.INCOMPLETE)
            told |= metadata.of_slide(Declared(incomplete=_cut(verdict.incomplete, room)))
        return told


def unnameable(group: Group) -> str | None:
    """Return why no ``unit.json`` can name the files of a group; None if one can, or need not."""
    count = len(group.members)
    if group.kind == LONE_FILE or count * _MOST_A_MEMBER <= units.MAX_BYTES:
        return None
    none = written(0)  # a checksum is as long as any other
    members = (
        Member(_composed(seen.path), seen.size, none, 1, seen.mtime_ns) for seen in group.members
    )
    return _misfit(count, len(units.write(Unit(group.kind, tuple(members)))))


def _misfit(count: int, size: int) -> str | None:
    if count > units.MAX_MEMBERS:
        return (
            f"{count:,} files belong to it, with those that were removed here; at most "
            f"{units.MAX_MEMBERS:,} can"
        )
    if size > units.MAX_BYTES:
        return (
            f"its unit.json would have {size / _MIB:.1f} MiB, and may have "
            f"{units.MAX_BYTES / _MIB:.0f}: the paths of its {count:,} files are too long; shorten "
            "the names of their folders"
        )
    return None


def _composed(path: str) -> str:
    return unicodedata.normalize("NFC", path)


def _cut(text: str, most: int) -> str:
    """Return the beginning of a text that has at most so many bytes as it is sent."""
    sizes = accumulate(len(encoded(character)) for character in text)
    return text[: sum(size <= most for size in sizes)]


def _member(entry: Entry) -> Member:
    return Member(
        path=_composed(entry.path),
        size=entry.fingerprint.size,
        checksum=None if entry.crc64 is None else written(entry.crc64),
        revision=entry.revision,
        mtime_ns=entry.fingerprint.mtime_ns,
    )
