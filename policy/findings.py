"""What the verification tool reports, and which of it is known and has a reason."""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from policy import lists

KNOWN = Path(__file__).with_name("known-findings.txt")
EXCEPTIONS = Path(__file__).with_name("checkov-exceptions.txt")
CHECKOV = "checkov"
AT_TIMES = "moto at times: "  # starts the reason of a finding that hangs on how fast things go
ANYTHING = "*"  # as a text: whatever the tool says of the resource
PROGRAM = "program"  # stands for the resource where a finding is of none

_RESOURCE = re.compile(r"((?:data\.)?aws_\w+\.\w+):?\s*(.*)")
_COUNTED = re.compile(r"\s*(\d+) (.+)")
_VERDICT = re.compile(r"^== verdict: (?:clean|faults in (.+))$", re.MULTILINE)


@dataclass(frozen=True)
class Finding:
    """One thing that a stage said of one resource; of checkov's, ``text`` is the check's id."""

    stage: str
    resource: str
    text: str

    def __str__(self) -> str:
        return f"{self.stage} | {self.resource} | {self.text}"


@dataclass(frozen=True)
class Known:
    """Findings that are expected: a pattern of resources, a part of the text or ``*``, why."""

    stage: str
    resource: str
    text: str
    reason: str

    def covers(self, finding: Finding) -> bool:
        """Say whether this is what was expected."""
        return (
            self.stage == finding.stage
            and fnmatchcase(finding.resource, self.resource)
            and (self.text == ANYTHING or self.text in finding.text)
        )

    def __str__(self) -> str:
        return f"{self.stage} | {self.resource} | {self.text}"


def _is_fault(row: str) -> bool:
    return row.startswith("FAULT")


def _is_no_note(row: str) -> bool:
    return "note:" not in row and "stand-ins" not in row


# The sections of the report that hold findings: stage, how the title starts, and which rows count.
# Those after the last fault are gaps of the tool's own stand-ins, and have to be known as well.
_SECTIONS: tuple[tuple[str, re.Pattern[str], Callable[[str], bool]], ...] = tuple(
    (stage, re.compile(title), counts)
    for stage, title, counts in (
        ("program", r"PROGRAM FAILED", bool),
        ("program", r"program log and recorder findings", _is_fault),
        ("preview", r"first preview", bool),
        ("determinism", r"deterministic: NO", bool),
        ("conversion", r"conversion findings", _is_no_note),
        ("validate", r"terraform validate:", bool),
        ("plan", r"terraform plan:", bool),
        ("apply", r"terraform apply:", bool),
        ("second plan", r"second plan: \d+ errors", bool),
        ("destroy", r"terraform destroy:", bool),
        ("not in provider", r"terraform resources: \d+; not in this provider", bool),
        ("not in moto", r"moto-unsupported", bool),
        ("not given back", r"second plan: \d+ more differ only", bool),
        ("left in moto", r"what moto holds beyond the start", bool),
    )
)


def read(report: str) -> list[Finding]:
    """Return the findings of a report, which the tool wrote with ``--verbose``.

    Raises ValueError if the tool gave no verdict, or one that no finding here explains.
    """
    verdict = _VERDICT.search(report)
    if verdict is None:
        last = "\n".join(report.strip().splitlines()[-15:])
        raise ValueError(f"the tool came to no verdict; it ended with:\n{last}")
    found = list(_findings(report))
    faults = (verdict[1] or "").split(", ") if verdict[1] else []
    unexplained = [fault for fault in faults if all(one.stage != fault for one in found)]
    if unexplained:
        raise ValueError(f"the report says faults in {unexplained[0]} and shows none")
    return found


def _findings(report: str) -> Iterator[Finding]:
    for section in re.split(r"^== ", report, flags=re.MULTILINE)[1:]:
        title, *rows = section.splitlines()
        for stage, pattern, counts in _SECTIONS:
            if pattern.match(title):
                texts = (row.removeprefix("   ") for row in rows if row.strip())
                yield from (_finding(stage, text) for text in texts if counts(text))


def _finding(stage: str, text: str) -> Finding:
    counted = _COUNTED.fullmatch(text) if stage == "left in moto" else None
    if counted:
        return Finding(stage, counted[2], f"{counted[1]} left")
    match = _RESOURCE.fullmatch(text)
    return (
        Finding(stage, match[1], match[2] or "left")
        if match
        else Finding(stage, PROGRAM, text.removeprefix(": "))
    )


def figures(report: str) -> Iterator[str]:
    """Return the titles that hold a run's figures."""
    wanted = re.compile(r"== ((?:program:|terraform|second plan|moto-unsupported|checkov).*)")
    for match in wanted.finditer(report):
        yield match[1].rstrip(":")


def read_checkov(path: Path) -> tuple[list[Finding], int]:
    """Return the failed checks in checkov's answer, and the number of resources it looked at."""
    reports = json.loads(path.read_text(encoding="utf-8"))
    failed = [
        Finding(CHECKOV, check["resource"], check["check_id"])
        for report in reports
        for check in report["results"]["failed_checks"]
    ]
    return failed, sum(report["summary"]["resource_count"] for report in reports)


def read_known(path: Path = KNOWN) -> list[Known]:
    """Read known findings, one a line: ``stage | resource | finding | reason``."""
    form = "stage | resource or pattern | part of the finding | reason"
    stages = {stage for stage, _, _ in _SECTIONS}
    known = []
    for number, text in lists.lines(path):
        one = Known(*lists.parts(path, number, text, form))
        if one.stage not in stages:
            raise ValueError(
                f"{path.name}, line {number}: {one.stage!r} is none of {', '.join(sorted(stages))}"
            )
        known.append(one)
    return known


def read_exceptions(path: Path = EXCEPTIONS) -> list[Known]:
    """Read what checkov may complain of, one a line: ``check id | resource pattern | reason``."""
    form = "check id | resource pattern | reason"
    found = []
    for number, text in lists.lines(path):
        check, resource, reason = lists.parts(path, number, text, form)
        found.append(Known(CHECKOV, resource, check, reason))
    return found


def unknown(found: Iterable[Finding], known: Iterable[Known]) -> list[Finding]:
    """Return what was found and nobody has given a reason for."""
    every = list(known)
    return [one for one in found if not any(other.covers(one) for other in every)]


def stale(found: Iterable[Finding], known: Iterable[Known]) -> list[Known]:
    """Return what is listed and was not found, but for what occurs at times only."""
    every = list(found)
    sure = [one for one in known if not one.reason.startswith(AT_TIMES)]
    return [one for one in sure if not any(one.covers(other) for other in every)]
