"""Gives the appliance its cache disk, once."""

import time
from collections.abc import Callable, Sequence

from labsight.errors import GatewayUnavailable
from labsight.gateway.parts import Disk, Gateway

CACHE, FREE = "CACHE", "AVAILABLE"
ALTOGETHER, PAUSE = 600.0, 10.0  # seconds


def ensure_cache(
    gateway: Gateway,
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> str:
    """Use the one free disk as cache, unless a disk is in use as such; return its id.

    The service gives a disk another id when it takes it into use, so the id is of no use as a
    lasting name. A disk that was attached a moment ago may show a little later.
    """
    deadline = clock() + ALTOGETHER
    while True:
        try:
            disks = gateway.disks()
            used = _first(disks, CACHE)
            if used is not None:
                return used.id
            free = _only(disks)
            if free is not None:
                gateway.add_cache(free.id)
                return free.id
            reason = "it shows no free disk"
        except GatewayUnavailable as error:
            reason = error.message
        if clock() + PAUSE >= deadline:
            raise GatewayUnavailable(
                f"the gateway took no cache disk within {ALTOGETHER:.0f} s: {reason}. Check that "
                "the appliance runs and that its cache volume is attached"
            )
        sleep(PAUSE)


def _first(disks: Sequence[Disk], use: str) -> Disk | None:
    found = [disk for disk in disks if disk.use.startswith(use)]
    return min(found, key=lambda disk: disk.id, default=None)


def _only(disks: Sequence[Disk]) -> Disk | None:
    """Take no guess among several: a disk that becomes cache is overwritten."""
    free = [disk for disk in disks if disk.use == FREE]
    if len(free) > 1:
        names = ", ".join(sorted(disk.id for disk in free))
        raise GatewayUnavailable(
            f"it has several free disks ({names}); detach those that are not its cache"
        )
    return free[0] if free else None
