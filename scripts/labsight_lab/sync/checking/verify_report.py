"""What verifying found, for people and for machines."""

from dataclasses import dataclass, field
from typing import Any

from labsight.keys import UNIT
from labsight_lab.sync.checking.findings import Checked, Finding, Here
from labsight_lab.sync.journal.entries import State
from labsight_lab.sync.target import Target
from labsight_lab.sync.telling import out
from labsight_lab.sync.telling.listing import Told, listing
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
    "(docs/sync-check.md)"
)
_RESEND = ". Or send them again: `labsight verify --resend PATH`, then sync"
_RESENT = "`labsight sync` sends again what is told so; then `labsight verify` proves it"
_DRY_RUN = "`labsight sync --dry-run` tells what would be sent, and why something would not"
_FEW = 3  # names where a number is what matters


@dataclass
class VerifyReport:
    """What is proven is counted, all else is named.

    ``unsent`` was asked for and never sent. ``not_archived`` lies in the folder, and the archive
    was not asked about it; None when that was not looked for.
    """

    target: Target
    deep: bool
    resend: bool = False
    proven: int = 0
    proven_bytes: int = 0
    gone: int = 0
    trouble: list[Checked] = field(default_factory=list)
    changed: list[Checked] = field(default_factory=list)
    unsent: tuple[str, ...] = ()
    not_archived: list[str] | None = None
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
            "trouble": [_named(one) for one in sorted(self.trouble, key=name_of)],
            "changed": [_named(one) for one in sorted(self.changed, key=name_of)],
            "gone_here": self.gone if self.deep else None,
            "never_sent": list(map(shown, self.unsent)),
            "not_archived": None if self.not_archived is None else len(self.not_archived),
            "not_archived_paths": list(map(shown, self.not_archived or ())),
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
        lines += self._advice()
        looked_at = [one for one in (*self.trouble, *self.changed) if one.here]
        for here, title in _HERE.items():
            lines += _listed(title, [(o, o.here_reason) for o in looked_at if o.here is here])
        lines += self._others()
        return "\n".join(lines)

    def _advice(self) -> list[str]:
        lost = [one for one in self.trouble if one.finding in _LOST]
        left = [one for one in lost if not _is_sent_again(one)]
        lines = [f"{_ADVICE}{'' if self.resend else _RESEND}"] if left else []
        lines += [_RESENT] if len(left) < len(lost) else []
        return [f"what to do: {line}" for line in lines]

    def _others(self) -> list[str]:
        lines = [f"never sent: {shown(path)}; {_DRY_RUN}" for path in self.unsent]
        if self.gone:
            lines.append(f"not in the folder any more: {count(self.gone, 'file')}")
        if self.not_archived:
            files = count(len(self.not_archived), "file")
            names = ", ".join(map(shown, self.not_archived[:_FEW]))
            names += ", ..." if len(self.not_archived) > _FEW else ""
            lines.append(
                f"{files} in the folder not looked at, not archived as now or not meant to be: "
                f"{names}; {_DRY_RUN}"
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
    found = sorted(Told(name_of(one), reason) for one, reason in reasons)
    return [f"{title} ({len(reasons):,}):", *listing(found, out.width(), _NAMED)]


def _is_sent_again(checked: Checked) -> bool:
    return checked.becomes is not None and checked.becomes.state is State.SEEN


def _named(checked: Checked) -> dict[str, Any]:
    return {
        "path": shown(name_of(checked)),
        "key": checked.key,
        "finding": checked.finding,
        "reason": checked.reason,
        "here": checked.here,
        "here_reason": checked.here_reason,
    }
