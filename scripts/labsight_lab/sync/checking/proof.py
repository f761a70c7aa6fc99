"""That what lies here is in the archive: both sides looked at now."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from labsight_lab.sync.checking.case import Means
from labsight_lab.sync.checking.check import check
from labsight_lab.sync.checking.findings import Checked, Finding
from labsight_lab.sync.checking.held import Identity, held
from labsight_lab.sync.checking.lots import Lot
from labsight_lab.sync.journal.entries import Entry
from labsight_lab.sync.journal.exchange import exchange
from labsight_lab.sync.source import SourceChanged, written
from labsight_lab.sync.workers import in_parallel
from labsight_lab.text import shown

_AT_A_TIME = 16  # questions about the parts of one unit


class NotProven(Exception):
    """Why something may not go; ``path`` is what is wrong, where that is one thing."""

    def __init__(self, reason: str, path: str = "") -> None:
        super().__init__(reason)
        self._reason, self._path = reason, path

    def told_of(self, place: str) -> str:
        """Return the reason for what stands behind the name of a lot."""
        is_named = self._path in {"", place}
        return self._reason if is_named else f"{shown(self._path)}: {self._reason}"


@dataclass(frozen=True)
class Proof:
    """The files of a lot as they were when their bytes were found equal to the archive's."""

    lot: Lot
    identities: dict[str, Identity]


def prove(means: Means, lot: Lot) -> Proof:
    """Ask the archive about all of a lot, and read all of it that lies here.

    Raises NotProven, and SettingsError and Unreachable for what concerns every object.
    """
    entries = archived(means, lot)
    identities = {}
    for seen in lot.files:
        identities[seen.path] = _as_sent(means.folder, entries[seen.path], means.listen)
    return Proof(lot, identities)


def archived(means: Means, lot: Lot) -> dict[str, Entry]:
    """Return what the journal knows of a lot, when the archive has all of it now.

    Raises as ``prove`` does.
    """

    def ask(path: str) -> tuple[str, Checked | None]:
        return path, check(means, path)

    threads = min(_AT_A_TIME, len(lot.proofs))
    found = dict(in_parallel(lot.proofs, ask, threads=threads, stop=threading.Event()))
    pairs = [(one.entry, one.becomes) for one in found.values() if one and one.becomes]
    put = {entry.path: entry for entry in exchange(means.journal, pairs)}
    for path in lot.proofs:
        checked = found.get(path)
        if checked is None:
            raise NotProven("it is not what it was in the journal any more", path)
        if checked.finding is not Finding.PROVEN or checked.becomes is None:
            raise NotProven(checked.reason, path)
    if len(put) < len(lot.proofs):
        raise NotProven("sync is at work with it")
    return put


def _as_sent(folder: Path, entry: Entry, listen: Callable[[], None]) -> Identity:
    """Read a local file, and return what tells it from others if it is what was sent."""
    path = entry.path
    try:
        with held(folder, path) as file:
            identity = file.identity()
            crc64 = file.crc64(listen)
    except SourceChanged:
        raise NotProven("it is being written to", path) from None
    except OSError as error:
        raise NotProven(f"it cannot be read: {error.strerror or error}", path) from None
    if identity.fingerprint != entry.fingerprint:
        raise NotProven("it has changed since it was sent", path)
    if crc64 != entry.crc64:
        raise NotProven(
            f"it has CRC64NVME {written(crc64)}, the archive has {written(entry.crc64 or 0)}: "
            "the file here is damaged",
            path,
        )
    return identity
