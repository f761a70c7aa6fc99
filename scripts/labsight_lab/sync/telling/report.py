"""What a run did, for people and for machines."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from labsight_lab.sync.look.plan import Plan, Problem
from labsight_lab.sync.sending.one_file import Result
from labsight_lab.sync.sending.transfer import Outcome
from labsight_lab.text import count, duration, shown, size

_NAMED = 5  # skipped files named in the summary; the JSON document names more


@dataclass(frozen=True)
class Sent:
    """A file that the archive holds now, or would hold after a dry run."""

    path: str
    key: str
    size: int


@dataclass
class Report:
    """All that happened, over all passes of one run."""

    folder: Path
    bucket: str
    source: str
    dry_run: bool = False
    uploaded: list[Sent] = field(default_factory=list)
    planned: list[Sent] = field(default_factory=list)
    existing: dict[str, str] = field(default_factory=dict)
    unfinished: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    conflicts: dict[str, str] = field(default_factory=dict)
    unchanged: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    skipped_names: list[Problem] = field(default_factory=list)
    seconds: float = 0.0
    interrupted: bool = False

    @property
    def bytes(self) -> int:
        """Bytes of the files that were sent, or would be."""
        return sum(sent.size for sent in self.planned or self.uploaded)

    @property
    def exit_code(self) -> int:
        """0 done, 1 somebody has to look, 130 interrupted; being unfinished is no failure."""
        if self.interrupted:
            return 130
        return 1 if self.failed or self.conflicts or self.existing else 0

    def begin_pass(self, plan: Plan, held_back: set[str]) -> None:
        """Start from a new look at the folder; failures that wait for their next try stay."""
        done = {sent.path for sent in self.uploaded} | self.existing.keys()
        self.unchanged = len(plan.unchanged - done)
        self.skipped, self.skipped_names = plan.skipped, plan.skipped_names
        self.unfinished = {}
        self.failed = {path: why for path, why in self.failed.items() if path in held_back}
        self.failed.update({problem.path: problem.reason for problem in plan.problems})
        self.conflicts = {problem.path: problem.reason for problem in plan.conflicts}

    def add(self, outcome: Outcome) -> None:
        """Note what became of one file."""
        candidate, result = outcome.candidate, outcome.result
        path = candidate.path
        if result is Result.UPLOADED:
            self.uploaded.append(Sent(path, str(candidate.key), candidate.fingerprint.size))
        elif result is Result.SAME:
            self.unchanged += 1
        else:
            {
                Result.EXISTS: self.existing,
                Result.CONFLICT: self.conflicts,
                Result.UNFINISHED: self.unfinished,
                Result.CHANGED: self.unfinished,
                Result.FAILED: self.failed,
            }[result][path] = outcome.reason

    def document(self) -> dict[str, Any]:
        """Return the report as JSON takes it."""
        return {
            "folder": shown(str(self.folder)),
            "bucket": self.bucket,
            "source": self.source,
            "dry_run": self.dry_run,
            "uploaded": _sent(self.uploaded),
            "planned": _sent(self.planned),
            "existing": _reasons(self.existing),
            "unfinished": _reasons(self.unfinished),
            "failed": _reasons(self.failed),
            "conflicts": _reasons(self.conflicts),
            "unchanged": self.unchanged,
            "skipped": {
                "count": self.skipped.total(),
                "by_reason": dict(self.skipped),
                "files": _reasons({p.path: p.reason for p in self.skipped_names}),
            },
            "bytes": self.bytes,
            "seconds": round(self.seconds, 3),
            "interrupted": self.interrupted,
            "exit_code": self.exit_code,
        }

    def summary(self) -> str:
        """Return the report as people read it."""
        lines = [self._headline()]
        if self.dry_run:
            lines += [f"  {shown(s.path)} -> {s.key} ({size(s.size)})" for s in self.planned]
        lines += _named("not proven to be in the archive", self.existing)
        lines += _named("not finished, left for the next run", self.unfinished)
        lines += _named("failed", self.failed)
        lines += _named("conflicts, nothing was overwritten", self.conflicts)
        lines += self._skipped_lines()
        if self.interrupted:
            lines.append("stopped; run the same command again and it goes on where it was")
        return "\n".join(lines)

    def _headline(self) -> str:
        if self.dry_run:
            first = f"would send {count(len(self.planned), 'file')}, {size(self.bytes)}"
        else:
            first = f"sent {count(len(self.uploaded), 'file')}"
            if self.uploaded:
                first += f", {size(self.bytes)} in {duration(self.seconds)}"
        return f"{first}; {self.unchanged:,} unchanged, {self.skipped.total():,} skipped"

    def _skipped_lines(self) -> list[str]:
        lines = []
        for reason, number in self.skipped.most_common():
            names = [shown(p.path) for p in self.skipped_names if p.reason == reason][:_NAMED]
            more = ", ..." if number > len(names) else ""
            lines.append(f"skipped, {reason} ({number:,}): {', '.join(names)}{more}")
        return lines


def _named(title: str, reasons: dict[str, str]) -> list[str]:
    if not reasons:
        return []
    return [
        f"{title} ({len(reasons):,}):",
        *(f"  {shown(path)}: {reason}" for path, reason in reasons.items()),
    ]


def _sent(files: list[Sent]) -> list[dict[str, Any]]:
    return [{"path": shown(s.path), "key": s.key, "bytes": s.size} for s in files]


def _reasons(reasons: dict[str, str]) -> list[dict[str, str]]:
    return [{"path": shown(path), "reason": reason} for path, reason in reasons.items()]
