"""Which DICOM series has which place in the archive, once anything of it was to be sent."""

import os
import sqlite3
from collections.abc import Iterable
from unicodedata import normalize

from labsight_lab.sync.journal.journal import Journal
from labsight_lab.sync.look.group import Group

_KEEP = "INSERT OR IGNORE INTO series VALUES (?, ?)"


class SeriesLog:
    """Keeps the series by place: its files may be gone from the folder when the next one comes."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def known(self) -> dict[str, str]:
        """Return the SeriesInstanceUIDs by place, in composed letters (NFC) and without ``/``."""
        rows = self._journal.ask("SELECT place, uid FROM series")
        return {os.fsdecode(place): uid for place, uid in rows}

    def keep(self, groups: Iterable[Group]) -> None:
        """Have the places of these groups be those of their series; on disk when this returns."""
        told = {normalize("NFC", one.place[:-1]): one.series for one in groups if one.series}
        known = self.known() if told else {}
        new = [(os.fsencode(place), uid) for place, uid in told.items() if place not in known]

        def change(db: sqlite3.Connection) -> None:
            db.executemany(_KEEP, new)

        if new:
            self._journal.change(change)
