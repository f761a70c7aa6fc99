"""What the gateway's functions need of the world outside, as small protocols."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from labsight.errors import GatewayUnavailable

# States of an EC2 instance; ``missing`` when AWS no longer knows of it.
State = Literal[
    "pending", "running", "stopping", "stopped", "shutting-down", "terminated", "missing"
]
GONE: tuple[State, ...] = ("shutting-down", "terminated", "missing")


class Instance(Protocol):
    """A virtual machine."""

    def state(self) -> State:
        """Say what it does just now."""

    def start(self) -> None:
        """Begin to start it."""

    def stop(self) -> None:
        """Begin to stop it."""


@dataclass(frozen=True)
class Disk:
    """A disk of the appliance as the service sees it; ``use`` is such as AVAILABLE or CACHE."""

    id: str
    use: str
    bytes: int


class Gateway(Protocol):
    """The activated gateway. Each method raises GatewayUnavailable while it is not connected."""

    def disks(self) -> Sequence[Disk]:
        """List the disks that are not the appliance's own."""

    def add_cache(self, disk: str) -> None:
        """Use a disk as cache, for good."""

    def set_password(self, password: str) -> None:
        """Set the password of its one account."""


class Shares(Protocol):
    """The gateway's file shares."""

    def refresh(self, share: str, folders: Sequence[str], *, recursive: bool) -> None:
        """Begin to look anew which objects lie in folders; GatewayUnavailable when it cannot."""


def connected(gateway: Gateway) -> bool:
    """Say whether the appliance answers, which it is asked for the disks it sees."""
    try:
        gateway.disks()
    except GatewayUnavailable:
        return False
    return True
