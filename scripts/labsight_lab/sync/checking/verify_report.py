"""What verifying found, for people and for machines."""

from dataclasses import dataclass, field
from typing import Any

from labsight.keys import UNIT
from labsight_lab.sync.checking.findings import Checked, Finding, Here
from labsight_lab.sync.target import Target
from labsight_lab.text import count, duration, shown, size

_NAMED = 100  # of one kind in the summary; the JSON document names all
_TITLES = {
    Finding.MISSING: "missing in the archive",
    Finding.DIFFERENT: "not what was sent",
    Finding.DAMAGED: "damaged in the archive",
    Finding.OTHER: "not archived: the key holds something else",
    Finding.FREE: "not archived yet",
    Finding.UNTOLD: "not proven: no checksum to compare with",
    Finding.UNREADABLE: "not proven: could not be compared",
}
_HERE = {
    Here.DAMAGED: "damaged here, whole in the archive where not named above",
    Here.UNREADABLE: "cannot be read here",
    Here.CHANGED: "changed here since, in the archive as it was sent",
}
_LOST = (Finding.MISSING, Finding.DIFFERENT, Finding.DAMAGED)
_ADVICE = (
    "what was sent is not there any more as it was sent. Somebody with other rights than sync's "
    "has changed the archive: the bucket keeps former versions, from which they can be restored "
    "(docs/sync-check.md). Or send them again: `labsight verify --resend PATH`, then sync"
)


@dataclass
class VerifyReport:
    """What is proven is counted, all else is named."""

    target: Target
    deep: bool
    proven: int = 0
    proven_bytes: int = 0
    gone: int = 0
    trouble: list[Checked] = field(default_factory=list)
    changed: list[Checked] = field(default_factory=list)
    unsent: tuple[str, ...] = ()
    not_archived: int | None = None
    seconds: float = 0.0
    interrupted: bool = False

    @property
    def has_news(self) -> bool:
        """Whether something was proven, or found wrong."""
        return bool(self.proven or self.trouble)

    @property
    def exit_code(self) -> int:
        """0 all is proven, 1 somebody has to look, 130 interrupted."""
        if self.interrupted:
            return 130
        return 1 if self.trouble or self.unsent else 0

    def add(self, checked: Checked) -> None:
        """Note what was found of one entry."""
        if checked.finding is Finding.PROVEN:
            self.proven += 1
            self.proven_bytes += checked.entry.fingerprint.size
        self.gone += checked.here is Here.GONE
        if not checked.is_fine:
            self.trouble.append(checked)
        elif checked.here is Here.CHANGED:
            self.changed.append(checked)

    def document(self) -> dict[str, Any]:
        """Return the report as JSON takes it."""
        target = self.target
        return {
            "folder": shown(str(target.folder)),
            "bucket": target.bucket,
            "source": target.source,
            "deep": self.deep,
            "proven": self.proven,
            "proven_bytes": self.proven_bytes,
            "trouble": [_named(one) for one in self.trouble],
            "changed": [_named(one) for one in self.changed],
            "gone_here": self.gone if self.deep else None,
            "never_sent": list(map(shown, self.unsent)),
            "not_archived": self.not_archived,
            "seconds": round(self.seconds, 3),
            "interrupted": self.interrupted,
            "exit_code": self.exit_code,
        }

    def summary(self) -> str:
        """Return the report as people read it."""
        how = "read back and equal" if self.deep else "equal by size and CRC64NVME"
        proven = f"{count(self.proven, 'object')}, {size(self.proven_bytes)}"
        lines = [f"in the archive, {how}: {proven}, in {duration(self.seconds)}"]
        for finding, title in _TITLES.items():
            of_kind = [one for one in self.trouble if one.finding is finding]
            lines += _listed(title, [(one, one.reason) for one in of_kind])
        if any(one.finding in _LOST for one in self.trouble):
            lines.append(f"what to do: {_ADVICE}")
        looked_at = [one for one in (*self.trouble, *self.changed) if one.here]
        for here, title in _HERE.items():
            lines += _listed(title, [(o, o.here_reason) for o in looked_at if o.here is here])
        lines += self._others()
        return "\n".join(lines)

    def _others(self) -> list[str]:
        lines = [f"never sent: {shown(path)}; `labsight status` tells more" for path in self.unsent]
        if self.gone:
            lines.append(f"not in the folder any more: {count(self.gone, 'file')}")
        if self.not_archived:
            files = count(self.not_archived, "file")
            lines.append(
                f"{files} in the folder not looked at: not archived as now, or not meant to be; "
                "`labsight status` tells more"
            )
        if self.interrupted:
            lines.append("stopped; what was proven is noted")
        return lines


def name_of(checked: Checked) -> str:
    """Return what to call the thing that was checked."""
    return f"{checked.entry.path}{UNIT}" if checked.entry.is_unit else checked.entry.path


def _listed(title: str, reasons: list[tuple[Checked, str]]) -> list[str]:
    if not reasons:
        return []
    lines = [f"{title} ({len(reasons):,}):"]
    lines += [f"  {shown(name_of(one))}: {reason}" for one, reason in reasons[:_NAMED]]
    if len(reasons) > _NAMED:
        lines.append(f"  and {len(reasons) - _NAMED:,} more, which --json names")
    return lines


def _named(checked: Checked) -> dict[str, Any]:
    return {
        "path": shown(name_of(checked)),
        "key": checked.key,
        "finding": checked.finding,
        "reason": checked.reason,
        "here": checked.here,
        "here_reason": checked.here_reason,
    }
