"""What a lab may decide about its viewer workstation, and what the workstation is given."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from pulumi import Input

from components.archive import Archive
from components.encryption import Key
from components.endpoint import Endpoints
from components.network import Network
from components.secret import Secret
from components.security_group import SecurityGroup
from components.timetable import Timetable
from components.workstation_windows import check_drives

Kind = Literal["windows", "linux-dcv"]
Access = Literal["instance-connect", "session-manager"]

SMALLEST_DISK_GB = {"windows": 50, "linux-dcv": 30}  # the image, the tools and room to work
DISK_GB = range(1, 16_385)  # https://docs.aws.amazon.com/ebs/latest/userguide/general-purpose.html
IDLE_MINUTES = range(10, 1441)
# Both images and the tools are built for these; Graviton's families have a g after the number.
_TYPE = re.compile(r"[a-z]+[0-9]+(?P<options>[a-z-]*)\.[a-z0-9-]+")


@dataclass(frozen=True, kw_only=True)
class Shares:
    """What a file gateway offers: a path for each drive letter, and the group that serves it.

    ``user`` and ``password`` are the shares' own account; without them the gateway asks a
    directory, and each user signs in with his own.
    """

    group: SecurityGroup
    drives: Mapping[str, Input[str]]
    user: Input[str] = ""
    password: Secret | None = None

    def __post_init__(self) -> None:
        check_drives(self.drives)


@dataclass(frozen=True, kw_only=True)
class WorkstationArgs:
    """What a lab may decide about its workstation.

    ``key_pair`` decrypts the password that Windows makes at its first boot; without one, the
    machine stores a password of its own in a secret that can be restored ``secret_days`` long.
    ``idle_minutes`` 0: it never stops by itself. ``slides`` and ``tools`` are prefixes of the
    archive. ``key`` encrypts secrets and schedules, ``disk_key`` the disk (none: AWS's own).
    """

    network: Network
    endpoints: Endpoints
    archive: Archive
    slides: str
    tools: str
    secret_days: int
    kind: Kind = "windows"
    access: Access = "instance-connect"
    instance_type: str = "t3.xlarge"
    disk_gb: int = 100
    idle_minutes: int = 60
    timetable: Timetable = field(default_factory=Timetable)
    key_pair: str | None = None
    shares: Shares | None = None
    key: Key | None = None
    disk_key: Key | None = None

    def __post_init__(self) -> None:
        check_machine(
            kind=self.kind,
            access=self.access,
            disk_gb=self.disk_gb,
            idle_minutes=self.idle_minutes,
            instance_type=self.instance_type,
        )
        if self.shares and self.kind != "windows":
            raise ValueError(
                f"desktop.kind: {self.kind} mounts the archive itself and takes no shares; "
                "leave the feature gateway out, or set desktop.kind to windows"
            )

    @property
    def makes_password(self) -> bool:
        """Whether the machine makes a password and stores it; DCV always asks for one."""
        return self.kind == "linux-dcv" or self.key_pair is None


def check_machine(
    *, kind: Kind, access: Access, disk_gb: int, idle_minutes: int, instance_type: str
) -> None:
    """Raise ValueError that names the setting if no such workstation can be had."""
    for name, value, allowed in (
        ("kind", kind, get_args(Kind)),
        ("access", access, get_args(Access)),
    ):
        if value not in allowed:
            raise ValueError(f"desktop.{name}: {value!r} is none of {', '.join(allowed)}")
    smallest = SMALLEST_DISK_GB[kind]
    if disk_gb < smallest or disk_gb not in DISK_GB:
        raise ValueError(
            f"desktop.diskGb: {kind} takes {smallest} to {DISK_GB.stop - 1}, got {disk_gb}"
        )
    if idle_minutes and idle_minutes not in IDLE_MINUTES:
        raise ValueError(
            f"desktop.idleMinutes: 0 for never, or {IDLE_MINUTES.start} to "
            f"{IDLE_MINUTES.stop - 1}, got {idle_minutes}"
        )
    match = _TYPE.fullmatch(instance_type)
    if not match or "g" in match["options"] or instance_type.startswith("a1."):
        raise ValueError(
            f"desktop.instanceType: {instance_type!r} is not an x86 type such as "
            "t3.xlarge or m7i.2xlarge"
        )
