"""Hold the rules against what a program declares, minus the exceptions that have a reason."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from policy import lists
from policy.closed import CLOSED
from policy.rule import Properties
from policy.rules import COMPANIONS, RULES

EXCEPTIONS = Path(__file__).with_name("exceptions.txt")
REVIEWED = Path(__file__).with_name("reviewed.txt")
UNKNOWN, SHUT = "UNKNOWN-TYPE", "CLOSED-SERVICE"


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
    """A rule that one resource need not fulfil, why, and in which kind of stack ("" for any)."""

    resource: str
    rule: str
    reason: str
    where: str = ""


def complaints(type_: str, properties: Properties) -> list[tuple[str, str]]:
    """Return the id and demand of each rule that a resource of this type breaks."""
    return [
        (rule.id, rule.demand)
        for rule in RULES
        if rule.type == type_ and not rule.holds(properties)
    ]


def check(
    resources: Iterable[Declared], waivers: Iterable[Waiver] = (), where: Iterable[str] = ()
) -> list[Complaint]:
    """Return what a program's resources do not fulfil.

    ``where`` are the kinds of stack this one is, such as ``demo``; exceptions for other kinds do
    not count.
    """
    every, kinds = list(resources), {"", *where}
    waived = {(one.resource, one.rule) for one in waivers if one.where in kinds}
    found = [*_shut(every), *_unknown(every), *_alone(every), *_together(every)]
    return [one for one in found if (one.resource, one.rule) not in waived]


def needless(waivers: Iterable[Waiver], found: Mapping[str, Iterable[Complaint]]) -> list[Waiver]:
    """Return the exceptions that no stack needs; ``found``: complaints by kind of stack."""
    broken = {(one.resource, one.rule, kind) for kind, ones in found.items() for one in ones}
    anywhere = {(resource, rule) for resource, rule, _ in broken}
    return [
        waiver
        for waiver in waivers
        if (waiver.resource, waiver.rule) not in anywhere
        or (waiver.where and (waiver.resource, waiver.rule, waiver.where) not in broken)
    ]


def _shut(resources: list[Declared]) -> Iterator[Complaint]:
    for resource in resources:
        for start, reason in CLOSED.items():
            if resource.type.startswith(start):
                yield Complaint(_label(resource), SHUT, f"is of a closed service: {reason}")


def _unknown(resources: list[Declared]) -> Iterator[Complaint]:
    known = {rule.type for rule in RULES} | read_reviewed().keys()
    known |= {type_ for companion in COMPANIONS for type_ in (companion.type, companion.needs)}
    for resource in resources:
        if resource.type.startswith("aws:") and resource.type not in known:
            text = f"is of a type that no rule knows; write one, or its reason in {REVIEWED.name}"
            yield Complaint(_label(resource), UNKNOWN, text)


def _alone(resources: list[Declared]) -> Iterator[Complaint]:
    for resource in resources:
        for rule, demand in complaints(resource.type, resource.state):
            yield Complaint(_label(resource), rule, f"breaks the rule that it {demand}")


def _together(resources: list[Declared]) -> Iterator[Complaint]:
    for companion in COMPANIONS:
        linked = {
            value
            for other in resources
            if other.type == companion.needs
            for value in _each(other.state.get(companion.link))
        }
        for resource in resources:
            if resource.type == companion.type and resource.state[companion.key] not in linked:
                yield Complaint(_label(resource), companion.id, f"needs a {companion.needs}")


def _each(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _label(resource: Declared) -> str:
    return f"{resource.type} {resource.name}"


def read_waivers(path: Path = EXCEPTIONS) -> list[Waiver]:
    """Read exceptions, one a line: ``type name | rule | reason``.

    Below a line such as ``[demo]`` they hold for that kind of stack alone; ``#`` starts a remark.
    """
    where, waivers = "", []
    for number, text in lists.lines(path):
        if text.startswith("[") and text.endswith("]"):
            where = text[1:-1]
            continue
        resource, rule, reason = lists.parts(path, number, text, "type name | rule | reason")
        waivers.append(Waiver(resource, rule, reason, where))
    return waivers


def read_reviewed(path: Path = REVIEWED) -> dict[str, str]:
    """Read the types that need no rule, one a line: ``type | reason``."""
    return dict(
        lists.parts(path, number, text, "type | reason") for number, text in lists.lines(path)
    )
