"""A folder, its journal and its archive, as many runs of sync may have left them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from awscrt.checksums import crc64nvme

from labsight.slides import units
from labsight.slides.units import Member, Unit
from labsight_lab.sync.checking.asking import Asker
from labsight_lab.sync.checking.case import Means
from labsight_lab.sync.journal.entries import Entry, State, members_digest
from labsight_lab.sync.journal.journal import Journal
from labsight_lab.sync.look.candidate import object_key
from labsight_lab.sync.sending.archive import Denied, Stored, Unreachable
from labsight_lab.sync.source import Fingerprint, written
from labsight_lab.sync.target import Target
from tests.lab.support import LONG_AGO, MemoryArchive, write

NANO = 1_000_000_000


@dataclass
class Shelf(MemoryArchive):
    """An archive whose bytes may rot, and that may have been filled by something else.

    ``rotten`` are keys with the checksum that was kept when they were whole, ``untold`` keys
    without one, ``hidden`` keys that the credentials may not see.
    """

    rotten: dict[str, int] = field(default_factory=dict)
    untold: set[str] = field(default_factory=set)
    hidden: set[str] = field(default_factory=set)
    is_away: bool = False

    def head(self, key: str) -> Stored | None:
        if self.is_away:
            raise Unreachable("the archive cannot be reached")
        if key in self.hidden:
            raise Denied(f"AWS does not allow s3:GetObject on {key}")
        stored = super().head(key)
        if stored is None or key in self.untold:
            return stored and replace(stored, crc64=None)
        return replace(stored, crc64=self.rotten.get(key, stored.crc64))

    def flip(self, key: str, position: int = 0) -> None:
        """Change a bit at rest; the checksum that was kept stays."""
        data = bytearray(self.objects[key])
        self.rotten[key] = crc64nvme(bytes(data))
        data[position] ^= 1
        self.objects[key] = bytes(data)


@dataclass
class Lab:
    """What a test works with; files are of a time long ago, and were sent then."""

    place: Path
    shelf: Shelf = field(default_factory=Shelf)

    def __post_init__(self) -> None:
        self.folder = self.place / "slides"
        self.folder.mkdir(exist_ok=True)
        self.journal_file = self.place / "journal.sqlite"
        self.journal = self.opened()

    def opened(self) -> Journal:
        """Open the journal as another process does."""
        return Journal(self.journal_file, self.target.identity)

    @property
    def target(self) -> Target:
        return Target(
            folder=self.folder,
            bucket="archive",
            source="scanner-1",
            profile="reader",
            journal=self.journal_file,
        )

    def connect(self, _: Target, connections: int) -> Asker:
        assert connections > 0
        return self.shelf

    def means(self, **about: Any) -> Means:
        return Means(
            folder=self.folder,
            source="scanner-1",
            journal=self.journal,
            asker=self.shelf,
            now=lambda: 77.0,
            **about,
        )

    def key(self, path: str, revision: int = 1) -> str:
        return object_key("scanner-1", path, revision)

    def sent(self, path: str, data: bytes, state: State = State.UPLOADED, **about: Any) -> Entry:
        """Have a file sent: it lies here and in the archive, and the journal says so."""
        write(self.folder / path, data)
        sent = Entry(
            path=path,
            key=self.key(path),
            fingerprint=Fingerprint(len(data), LONG_AGO * NANO),
            state=state,
            revision=1,
            crc64=crc64nvme(data),
        )
        entry = replace(sent, **about)
        self.shelf.objects[self.key(path, max(1, entry.revision))] = data
        self.noted(entry)
        return entry

    def sent_unit(self, place: str, kind: str, parts: Sequence[tuple[str, bytes]]) -> Entry:
        """Have the files of a unit sent, then its ``unit.json``."""
        entries = [self.sent(path, data, unit=place) for path, data in parts]
        data = units.write(Unit(kind, tuple(map(_member, entries))))
        entry = Entry(
            path=place,
            key=self.key(place),
            fingerprint=Fingerprint(len(data), LONG_AGO * NANO),
            state=State.UPLOADED,
            revision=1,
            crc64=crc64nvme(data),
            members=members_digest({one.path: one.revision for one in entries}),
        )
        self.shelf.objects[self.key(place)] = data
        self.noted(entry)
        return entry

    def noted(self, *entries: Entry, changed: float = LONG_AGO) -> None:
        """Write entries into the journal, as of a moment."""
        self.journal.write(entries)
        self.journal.change(lambda db: db.execute("UPDATE file SET changed = ?", (changed,)))

    def entry(self, path: str) -> Entry:
        entry = self.journal.entry(path)
        assert entry is not None
        return entry

    def here(self) -> set[str]:
        """Return the paths of all files in the folder."""
        return {
            file.relative_to(self.folder).as_posix()
            for file in self.folder.rglob("*")
            if file.is_file()
        }


def labs(place: Path) -> Iterator[Lab]:
    """Yield a lab, and close its journal."""
    lab = Lab(place)
    yield lab
    lab.journal.close()


def _member(entry: Entry) -> Member:
    return Member(
        path=entry.path,
        size=entry.fingerprint.size,
        checksum=written(entry.crc64 or 0),
        revision=entry.revision,
    )
