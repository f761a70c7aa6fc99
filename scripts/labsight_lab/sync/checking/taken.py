"""A key that something else had taken: whether it is the same content after all."""

from labsight_lab.sync.checking import here, unit_content
from labsight_lab.sync.checking.case import Case
from labsight_lab.sync.checking.findings import Checked, Finding
from labsight_lab.sync.journal.entries import State
from labsight_lab.sync.sending.archive import Stored
from labsight_lab.sync.source import Fingerprint, SourceChanged, written


class Taken(Case):
    """An entry in the state CONFLICT, and the object in its way."""

    def checked(self) -> Checked:
        """Compare the object with what lies here."""
        stored = self.means.asker.head(self.key)
        if stored is None:
            return self.ended(
                Finding.FREE,
                f"the archive does not hold {self.key} any more: the next sync sends this one",
                state=State.SEEN,
                reason="",
            )
        return self._unit(stored) if self.entry.is_unit else self._file(stored)

    def _file(self, stored: Stored) -> Checked:
        crc64 = self.crc64_of_bytes(stored) if self.means.deep else stored.crc64
        if crc64 is None:
            return self.ended(
                Finding.UNTOLD,
                f"the archive keeps no CRC64NVME of {self.key}, which this folder did not send: "
                "`labsight verify --deep` reads it back",
            )
        try:
            now = here.read(self.means.folder / self.entry.path, self.means.listen)
        except FileNotFoundError:
            return self._incomparable("the file is not here any more")
        except SourceChanged:
            return self._incomparable("the file is being written to")
        except OSError as error:
            return self._incomparable(f"the file cannot be read: {error.strerror or error}")
        if (stored.size, crc64) == (now.fingerprint.size, now.crc64):
            return self.proven(crc64, fingerprint=now.fingerprint, revision=self.revision)
        return self.other(
            f"{self.key} has CRC64NVME {written(crc64)} and {stored.size:,} bytes, this file has "
            f"{written(now.crc64)} and {now.fingerprint.size:,}",
            crc64,
        )

    def _unit(self, stored: Stored) -> Checked:
        """Compare what the units name: when and where theirs was written makes no difference."""
        content, crc64 = self.unit(stored)
        if unit_content.names_exactly(content, self.means.journal.members(self.entry.path)):
            fingerprint = Fingerprint(stored.size, self.entry.fingerprint.mtime_ns)
            return self.proven(crc64, fingerprint=fingerprint, revision=self.revision)
        return self.other(f"{self.key} names other files than are here", stored.crc64)

    def _incomparable(self, why: str) -> Checked:
        return self.ended(
            Finding.UNREADABLE,
            f"{self.key} is something that this folder did not send; whether it is the same "
            f"cannot be told: {why}",
        )
