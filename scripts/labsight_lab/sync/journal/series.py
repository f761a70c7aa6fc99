"""Which DICOM series has which place in the archive, once anything of it was to be sent."""

import os
import sqlite3
from collections.abc import Mapping
from unicodedata import normalize

from labsight_lab.sync.journal.journal import Journal

_KEEP = "INSERT OR IGNORE INTO series VALUES (?, ?)"


class SeriesLog:
    """Keeps the series by place: its files may be gone from the folder when the next one comes."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def known(self) -> dict[str, str]:
        """Return the SeriesInstanceUIDs by place, in composed letters (NFC) and without ``/``."""
        rows = self._journal.ask("SELECT place, uid FROM series")
        return {os.fsdecode(place): uid for place, uid in rows}

    def keep(self, series: Mapping[str, str]) -> None:
        """Have places be those of these series, by place; on disk when this returns."""
        told = {normalize("NFC", place[:-1]): uid for place, uid in series.items() if uid}
        known = self.known() if told else {}
        new = [(os.fsencode(place), uid) for place, uid in told.items() if place not in known]

        def change(db: sqlite3.Connection) -> None:
            db.executemany(_KEEP, new)

        if new:
            self._journal.change(change)
