"""What registering found and did, for people and for machines."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from labsight_lab.register.items import Item, Items
from labsight_lab.sync.look.scan import Problem
from labsight_lab.text import count, shown, size

_NAMED = 100  # of one kind in the summary; the JSON document names all


@dataclass
class RegisterReport:
    """Slides by key, what was asked for and is none, and what became of them."""

    bucket: str
    queue_url: str
    dry_run: bool
    slides: dict[str, Item] = field(default_factory=dict)
    skipped: list[Problem] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    registered: list[Item] = field(default_factory=list)
    failed: list[Problem] = field(default_factory=list)
    interrupted: bool = False

    @property
    def has_news(self) -> bool:
        """Whether slides were asked for."""
        return bool(self.registered)

    @property
    def exit_code(self) -> int:
        """0 done, 1 somebody has to look, 130 interrupted."""
        if self.interrupted:
            return 130
        return 1 if self.unknown or self.problems or self.failed else 0

    def add(self, items: Items) -> None:
        """Note what one of the things that were asked for stands for."""
        self.slides |= items.slides
        self.skipped += items.skipped
        self.problems += items.problems

    def document(self) -> dict[str, Any]:
        """Return the report as JSON takes it."""
        return {
            "bucket": self.bucket,
            "queue_url": self.queue_url,
            "dry_run": self.dry_run,
            "slides": [_told(item) for item in self.slides.values()],
            "registered": [item.key for item in self.registered],
            "closed": [item.key for item in self.registered if item.unit],
            "skipped": _reasons(self.skipped),
            "problems": _reasons(self.problems),
            "failed": _reasons(self.failed),
            "unknown": list(map(shown, self.unknown)),
            "interrupted": self.interrupted,
            "exit_code": self.exit_code,
        }

    def plan(self) -> str:
        """Return what is to be done."""
        by_hand = [item for item in self.slides.values() if item.unit]
        lines = [_by_hand(item) for item in by_hand[:_NAMED]]
        if self.dry_run:
            whole = [item for item in self.slides.values() if not item.unit]
            lines += [f"  would ask for {shown(item.key)}" for item in whole[:_NAMED]]
            if len(whole) > _NAMED:
                lines.append(f"  and {len(whole) - _NAMED:,} more, which --json names")
        if len(by_hand) > _NAMED:
            lines.append(f"  {len(by_hand) - _NAMED:,} more get a unit.json; --json names them")
        for reason, number in Counter(one.reason for one in self.skipped).most_common():
            lines.append(f"passed over, {reason}: {count(number, 'object')}")
        lines += _named("cannot be registered", self.problems)
        lines += [f"not in the archive: {shown(typed)}" for typed in self.unknown]
        return "\n".join(lines)

    def summary(self) -> str:
        """Return what was done."""
        done = self.slides.values() if self.dry_run else self.registered
        closed = sum(item.unit is not None for item in done)
        would = "would ask" if self.dry_run else "asked"
        lines = [f"{would} for {count(len(done), 'slide')}"]
        if closed:
            lines[0] += f", {closed:,} of them given a unit.json"
        lines += _named("could not be asked for", self.failed)
        if self.interrupted:
            lines.append("stopped; asking again does no harm")
        return "\n".join(lines)


def _by_hand(item: Item) -> str:
    kind = item.unit.kind if item.unit else ""
    parts = f"{kind}, {count(len(item.parts), 'file')}, {size(item.size)}"
    return f"  gets its unit.json: {shown(item.key)} ({parts})"


def _named(title: str, problems: list[Problem]) -> list[str]:
    if not problems:
        return []
    lines = [f"{title} ({len(problems):,}):"]
    lines += [f"  {shown(one.path)}: {one.reason}" for one in problems[:_NAMED]]
    if len(problems) > _NAMED:
        lines.append(f"  and {len(problems) - _NAMED:,} more, which --json names")
    return lines


def _told(item: Item) -> dict[str, Any]:
    return {
        "key": item.key,
        "bytes": item.size,
        "by_hand": item.unit is not None,
        "kind": item.unit.kind if item.unit else None,
        "parts": len(item.parts),
    }


def _reasons(problems: list[Problem]) -> list[dict[str, str]]:
    return [{"key": shown(one.path), "reason": one.reason} for one in problems]
