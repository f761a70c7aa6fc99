"""What the journal calls stored: whether it is in the archive as it was sent."""

from contextlib import suppress

from labsight_lab.sync.checking import here, unit_content
from labsight_lab.sync.checking.case import Case
from labsight_lab.sync.checking.findings import Checked, Finding
from labsight_lab.sync.journal.entries import State
from labsight_lab.sync.sending.archive import Stored
from labsight_lab.sync.source import SourceChanged, written


class Sent(Case):
    """An entry in one of the states STORED."""

    def checked(self) -> Checked:
        """Compare size and checksum, with ``deep`` also the bytes on both sides."""
        entry, key = self.entry, self.key
        expected = self._expected()
        if self.means.deep and expected is not None and not entry.is_unit:
            self.look_here(expected)
        stored = self.means.asker.head(key)
        if stored is None:
            return self.lost(Finding.MISSING, f"the archive does not hold {key}")
        if stored.size != entry.fingerprint.size:
            sent = entry.fingerprint.size
            return self._different(f"{key} has {stored.size:,} bytes, {sent:,} were sent", stored)
        if self.means.deep:
            return self._deep(stored, expected)
        if stored.crc64 is None:
            return self.ended(
                Finding.UNTOLD,
                f"the archive keeps no CRC64NVME of {key}: `labsight verify --deep` reads it back",
            )
        return self._compared(stored, stored.crc64, expected)

    def _expected(self) -> int | None:
        """Return the CRC-64 of what was sent.

        A journal of an older release lacks it: then that of the file, if it is as it was sent.
        """
        entry = self.entry
        if entry.crc64 is not None or entry.is_unit:
            return entry.crc64
        with suppress(OSError, SourceChanged):
            now = here.read(self.means.folder / entry.path, self.means.listen)
            if now.fingerprint == entry.fingerprint:
                return now.crc64
        return None

    def _deep(self, stored: Stored, expected: int | None) -> Checked:
        is_unit = self.entry.is_unit
        content, crc64 = self.unit(stored) if is_unit else (b"", self.crc64_of_bytes(stored))
        if stored.crc64 not in {None, crc64}:
            return self.lost(
                Finding.DAMAGED,
                f"the bytes of {self.key} have CRC64NVME {written(crc64)}, but it was stored with "
                f"{written(stored.crc64 or 0)}",
            )
        checked = self._compared(stored, crc64, expected)
        if checked.finding is Finding.PROVEN and is_unit:
            parts = self.means.journal.members(self.entry.path)
            if said := unit_content.contradiction(content, parts):
                return self.noted(Finding.DIFFERENT, f"{self.key}: {said}")
        return checked

    def _compared(self, stored: Stored, crc64: int, expected: int | None) -> Checked:
        if expected is None:
            return self.ended(
                Finding.UNTOLD,
                "an older labsight sent it and noted no CRC64NVME, and the file is not here any "
                "more as it was: there is nothing to compare with",
            )
        if crc64 != expected:
            told = f"{self.key} has CRC64NVME {written(crc64)}, that of what was sent is "
            return self._different(told + written(expected), stored)
        return self.proven(expected)

    def _different(self, told: str, stored: Stored) -> Checked:
        if self.entry.state is State.EXISTS:  # it was never certain that this is ours
            return self.other(told, stored.crc64)
        return self.lost(Finding.DIFFERENT, told)
