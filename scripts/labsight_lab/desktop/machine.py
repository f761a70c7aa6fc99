"""The workstation of a stack, found by its tags."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from labsight.errors import Conflict, NotFound
from labsight_lab.desktop.aws import Ec2, explained

_STATES = ["pending", "running", "stopping", "stopped"]
_WHEN = re.compile(r"\((\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}) GMT\)")

DESKTOP, GATEWAY = "desktop", "gateway"


@dataclass(frozen=True, kw_only=True)
class Machine:
    """What EC2 says of it; ``since`` is when the present state began, if EC2 tells."""

    id: str
    state: str
    type: str
    since: datetime | None = None
    key_pair: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def stack(self) -> str:
        """The stack that it belongs to."""
        return self._tag("stack")

    @property
    def linux(self) -> bool:
        """Whether it is Linux with DCV, and not Windows."""
        return self._tag("kind") == "linux-dcv"

    @property
    def by_session_manager(self) -> bool:
        """Whether the way in is Session Manager, and not an Instance Connect Endpoint."""
        return self._tag("access") == "session-manager"

    @property
    def idle_minutes(self) -> int:
        """After how many idle minutes it stops itself; 0 is never."""
        text = self._tag("idle-minutes")
        return int(text) if text.isascii() and text.isdigit() else 0

    @property
    def stops_at(self) -> str:
        """When the timetable stops it, with the time zone; none: empty."""
        return self._tag("stops-at")

    @property
    def bucket(self) -> str:
        """The archive that it takes its tools from."""
        return self._tag("bucket")

    @property
    def password_secret(self) -> str:
        """The secret with the password that the machine made; none: empty."""
        return self._tag("password")

    def _tag(self, name: str) -> str:
        return self.tags.get(f"labsight:{name}", "")


def find_desktop(ec2: Ec2, stack: str | None, region: str) -> Machine:
    """Return the only desktop, of a stack or of all; raise NotFound or Conflict."""
    found = find_machines(ec2, DESKTOP, stack)
    if not found:
        whose = f"stack {stack!r}" if stack else "any stack"
        raise NotFound(
            f"no desktop of {whose} in {region}: is the feature desktop on, and are --region and "
            "--profile those of the stack?"
        )
    if len(found) > 1:
        named = ", ".join(sorted(f"{one.stack or '?'} ({one.id})" for one in found))
        raise Conflict(f"{len(found)} desktops in {region}: {named}; name one with --stack")
    return found[0]


def find_machines(ec2: Ec2, part: str, stack: str | None) -> list[Machine]:
    """Return the machines that play a part, without those that are gone for good."""
    filters = [
        {"Name": "tag:labsight:part", "Values": [part]},
        {"Name": "instance-state-name", "Values": _STATES},
    ]
    if stack:
        filters.append({"Name": "tag:labsight:stack", "Values": [stack]})
    found: list[Machine] = []
    page: dict[str, Any] = {}
    while True:
        with explained("ec2:DescribeInstances"):
            answer = ec2.describe_instances(Filters=filters, **page)
        found += [
            _read(one) for group in answer.get("Reservations", ()) for one in group["Instances"]
        ]
        if not answer.get("NextToken"):
            return found
        page = {"NextToken": answer["NextToken"]}


def look(ec2: Ec2, machine: str) -> Machine:
    """Return a machine as it is now."""
    with explained("ec2:DescribeInstances"):
        answer = ec2.describe_instances(InstanceIds=[machine])
    for group in answer.get("Reservations", ()):
        for one in group["Instances"]:
            return _read(one)
    raise NotFound(f"machine {machine} is gone; was the stack destroyed?")


def _read(one: Mapping[str, Any]) -> Machine:
    state = one["State"]["Name"]
    return Machine(
        id=one["InstanceId"],
        state=state,
        type=one.get("InstanceType", ""),
        since=_since(one, state),
        key_pair=one.get("KeyName", ""),
        tags={tag["Key"]: tag["Value"] for tag in one.get("Tags", ())},
    )


def _since(one: Mapping[str, Any], state: str) -> datetime | None:
    """Running since its start; of a stop EC2 tells the time in words."""
    if state in {"pending", "running"}:
        started: datetime | None = one.get("LaunchTime")
        return started
    when = _WHEN.search(one.get("StateTransitionReason", ""))
    return datetime.strptime(when[1], "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC) if when else None
