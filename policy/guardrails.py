"""Hold the rules against what a program declares, minus the exceptions that have a reason."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from policy.rules import COMPANIONS, RULES, Properties

EXCEPTIONS = Path(__file__).with_name("exceptions.txt")


class Declared(Protocol):
    """A declared resource: type, logical name, and inputs with what a deployment adds."""

    @property
    def type(self) -> str: ...  # noqa: D102 - said above

    @property
    def name(self) -> str: ...  # noqa: D102 - said above

    @property
    def state(self) -> Mapping[str, Any]: ...  # noqa: D102 - said above


@dataclass(frozen=True)
class Complaint:
    """What one resource does not fulfil."""

    resource: str
    rule: str
    text: str

    def __str__(self) -> str:
        return f"{self.resource}: {self.text} ({self.rule})"


@dataclass(frozen=True)
class Waiver:
    """A rule that one resource need not fulfil, and why."""

    resource: str
    rule: str
    reason: str


def complaints(type_: str, properties: Properties) -> list[tuple[str, str]]:
    """Return the id and demand of each rule that a resource of this type breaks."""
    return [
        (rule.id, rule.demand)
        for rule in RULES
        if rule.type == type_ and not rule.holds(properties)
    ]


def check(resources: Iterable[Declared], waivers: Iterable[Waiver] = ()) -> list[Complaint]:
    """Return what a program's resources do not fulfil, and waivers that nothing needs any more."""
    every = list(resources)
    found = [*_alone(every), *_together(every)]
    waived = {(waiver.resource, waiver.rule) for waiver in waivers}
    broken = {(complaint.resource, complaint.rule) for complaint in found}
    stale = [
        Complaint(resource, rule, "the exception is not needed; remove its line")
        for resource, rule in sorted(waived - broken)
    ]
    return [one for one in found if (one.resource, one.rule) not in waived] + stale


def _alone(resources: list[Declared]) -> Iterator[Complaint]:
    for resource in resources:
        for rule, demand in complaints(resource.type, resource.state):
            yield Complaint(_label(resource), rule, f"breaks the rule that it {demand}")


def _together(resources: list[Declared]) -> Iterator[Complaint]:
    for companion in COMPANIONS:
        linked = {
            other.state.get(companion.link) for other in resources if other.type == companion.needs
        }
        for resource in resources:
            if resource.type == companion.type and resource.state[companion.key] not in linked:
                yield Complaint(_label(resource), companion.id, f"needs a {companion.needs}")


def _label(resource: Declared) -> str:
    return f"{resource.type} {resource.name}"


def read_waivers(path: Path = EXCEPTIONS) -> list[Waiver]:
    """Read exceptions, one a line: ``type name | rule | reason``; ``#`` starts a remark."""
    waivers = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        parts = [part.strip() for part in text.split("|")]
        if len(parts) != len(("resource", "rule", "reason")) or not all(parts):
            raise ValueError(f"{path.name}, line {number}: write 'type name | rule | reason'")
        waivers.append(Waiver(*parts))
    return waivers
