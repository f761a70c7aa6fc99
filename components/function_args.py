"""What a function may ask for, checked against Lambda's limits before anything is made."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from pulumi import Input, Resource

from components.encryption import Key
from components.failures import Failures
from components.filesystem import AccessPoint
from components.iam import Grant
from components.packages import Packages
from components.queue import Queue
from components.security_group import SecurityGroup

# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
TIMEOUT_SECONDS = range(1, 901)
MEMORY_MB = range(128, 10_241)
SCRATCH_MB = range(512, 10_241)
CONCURRENCY = range(2, 1001)
RESERVE = range(1, 1001)  # 0 would switch the function off
BATCH = range(1, 11)  # larger batches need a batching window
# https://docs.aws.amazon.com/lambda/latest/api/API_FileSystemConfig.html
MOUNT_PATH = re.compile(r"/mnt/[a-zA-Z0-9-_.]+")


@dataclass(frozen=True, kw_only=True)
class QueueSource:
    """The queue a function works off: messages at a time, and how many copies may run at once."""

    queue: Queue
    batch: int
    concurrency: int

    def __post_init__(self) -> None:
        _check("batch", self.batch, BATCH, "messages")
        _check("concurrency", self.concurrency, CONCURRENCY, "running copies")


@dataclass(frozen=True, kw_only=True)
class FunctionPlatform:
    """What all functions of a stack share.

    ``key`` encrypts environments and logs (none: AWS's own keys). ``reserved`` says whether the
    account has concurrency to reserve: new accounts have ten in all, too few to give any away.
    """

    packages: Packages
    failures: Failures
    log_days: int
    key: Key | None = None
    reserved: bool = False


@dataclass(frozen=True, kw_only=True)
class Inside:
    """A place in the VPC: such a function reaches what its group may, and no AWS API but S3."""

    subnets: tuple[Input[str], ...]
    group: SecurityGroup

    def __post_init__(self) -> None:
        if not self.subnets:
            raise ValueError("subnets: a function inside the VPC needs at least one, got none")


@dataclass(frozen=True, kw_only=True)
class Mount:
    """A folder of the shared file system and where the function sees it."""

    access_point: AccessPoint
    path: str

    def __post_init__(self) -> None:
        if not MOUNT_PATH.fullmatch(self.path):
            raise ValueError(f"path: Lambda mounts at /mnt/NAME, got {self.path!r}")


@dataclass(frozen=True, kw_only=True)
class FunctionArgs:
    """What one function needs.

    ``code`` is its folder under ``lambdas/``. ``after`` names what has to be done before the
    function changes, such as a migration of the database it uses. ``reserve`` keeps that many
    running copies for this function, where the platform reserves at all.
    """

    code: str
    environment: Mapping[str, Input[str]]
    timeout_seconds: int
    memory_mb: int
    platform: FunctionPlatform
    scratch_mb: int = SCRATCH_MB.start
    grants: tuple[Grant, ...] = ()
    source: QueueSource | None = None
    after: tuple[Resource, ...] = ()
    inside: Inside | None = None
    mount: Mount | None = None
    reserve: int | None = None

    def __post_init__(self) -> None:
        _check("timeout_seconds", self.timeout_seconds, TIMEOUT_SECONDS, "seconds")
        _check("memory_mb", self.memory_mb, MEMORY_MB, "MB")
        _check("scratch_mb", self.scratch_mb, SCRATCH_MB, "MB")
        if self.reserve is not None:
            _check("reserve", self.reserve, RESERVE, "running copies")
        if self.mount and not self.inside:
            raise ValueError(
                f"mount: {self.mount.path} is in the VPC and the function is not; "
                "give it a place with inside="
            )
        if self.source:
            self._check_source(self.source)

    def _check_source(self, source: QueueSource) -> None:
        if source.queue.handling_seconds < self.timeout_seconds:
            raise ValueError(
                f"timeout_seconds: the queue gives its consumer {source.queue.handling_seconds} s, "
                f"the function takes up to {self.timeout_seconds} s; messages would come twice"
            )
        if self.reserve is not None and self.reserve < source.concurrency:
            raise ValueError(
                f"reserve: its queue runs up to {source.concurrency} copies, {self.reserve} are "
                "reserved; the rest would be turned away until their messages count as dead"
            )


def _check(setting: str, value: int, allowed: range, unit: str) -> None:
    if value not in allowed:
        raise ValueError(
            f"{setting}: Lambda takes {allowed.start} to {allowed.stop - 1} {unit}, got {value}"
        )
