"""What cleaning found and did, for people and for machines."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from labsight_lab.sync.checking.lots import Lot
from labsight_lab.sync.look.scan import Problem, Seen
from labsight_lab.sync.target import Target
from labsight_lab.sync.telling import out
from labsight_lab.sync.telling.listing import Told, listing
from labsight_lab.text import count, shown, size

_NAMED = 100  # of what stays; the JSON document names all


@dataclass
class CleanReport:
    """All that one run did. ``proven`` may go, ``stay`` may not though it is old enough."""

    target: Target
    older_than: float
    record: Path
    dry_run: bool
    proven: list[Lot] = field(default_factory=list)
    stay: list[Problem] = field(default_factory=list)
    kept: Counter[str] = field(default_factory=Counter)
    removed: list[Seen] = field(default_factory=list)
    declined: bool = False
    interrupted: bool = False

    @property
    def has_news(self) -> bool:
        """Whether something was removed."""
        return bool(self.removed)

    @property
    def exit_code(self) -> int:
        """0 done, 1 somebody has to look, 130 interrupted."""
        if self.interrupted:
            return 130
        return 1 if self.stay else 0

    def note_removed(self, seen: Seen) -> None:
        """Note that a file went."""
        self.removed.append(seen)

    def document(self) -> dict[str, Any]:
        """Return the report as JSON takes it."""
        target = self.target
        return {
            "folder": shown(str(target.folder)),
            "bucket": target.bucket,
            "source": target.source,
            "older_than_seconds": self.older_than,
            "dry_run": self.dry_run,
            "proven": [
                {"path": shown(lot.place), "files": _files(lot.files), "bytes": lot.size}
                for lot in self.proven
            ],
            "removed": _files(self.removed),
            "bytes_removed": sum(seen.size for seen in self.removed),
            "stay": [{"path": shown(one.path), "reason": one.reason} for one in self.stay],
            "not_looked_at": dict(self.kept),
            "declined": self.declined,
            "record": shown(str(self.record)),
            "interrupted": self.interrupted,
            "exit_code": self.exit_code,
        }

    def offer(self) -> str:
        """Return what may go, with its size, and what may not."""
        lines = [f"  {size(lot.size):>9}  {_named(lot)}" for lot in self.proven]
        lines += self._staying()
        files = sum(len(lot.files) for lot in self.proven)
        total = size(sum(lot.size for lot in self.proven))
        proven = "proven to be in the archive and old enough"
        lines.append(f"{proven}: {count(files, 'file')}, {total}, in {self.target.folder}")
        return "\n".join(lines)

    def summary(self) -> str:
        """Return what was done."""
        if self.dry_run:
            return "nothing was removed (--dry-run)"
        if self.declined:
            return "nothing was removed"
        total = size(sum(seen.size for seen in self.removed))
        lines = [f"removed {count(len(self.removed), 'file')}, {total}; record: {self.record}"]
        if self.interrupted:
            lines.append("stopped; the record tells which files went")
        return "\n".join(lines)

    def _staying(self) -> list[str]:
        lines = [f"{reason}: {count(number, 'file')}" for reason, number in self.kept.items()]
        if self.stay:
            lines.append(f"not proven, so it stays ({len(self.stay):,}):")
            found = [Told(one.path, one.reason) for one in self.stay]
            lines += listing(found, out.width(), _NAMED)
        return lines


def _named(lot: Lot) -> str:
    if lot.place.endswith("/"):
        return f"{shown(lot.place)} (a unit of {count(len(lot.files), 'file')} here)"
    return shown(lot.place)


def _files(files: Any) -> list[dict[str, Any]]:
    return [{"path": shown(seen.path), "bytes": seen.size} for seen in files]
