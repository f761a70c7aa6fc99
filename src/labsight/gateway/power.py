"""When the appliance runs: with the desktop, and while the stack is taken away."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from labsight.errors import GatewayUnavailable
from labsight.gateway.parts import GONE, Gateway, Instance, connected

# What was written last shows in the metric of unsaved data after two of its five minutes, and
# whoever switches the desktop off by mistake has it back without waiting for the gateway.
SETTLE = timedelta(minutes=10)
# After that the appliance stops all the same: what it has not stored yet is on its disk, and goes
# to the archive after the next start.
LONGEST = timedelta(minutes=45)
PAUSE = 15.0  # seconds

Done = Literal["started", "stopped", "as it should be", "left alone"]


@dataclass(frozen=True, kw_only=True)
class Power:
    """Makes the appliance follow the desktop.

    ``unsaved`` returns the percentage of the cache that is not in the archive yet, None when that
    is not known.
    """

    appliance: Instance
    desktop: Instance
    unsaved: Callable[[], float | None]

    def follow(self, asked: datetime, now: datetime) -> Done:
        """Bring the appliance to where the desktop is, which is looked up: notices may be late.

        Raises GatewayUnavailable when that has to wait; ``asked`` is when the desktop changed.
        """
        desktop, appliance = self.desktop.state(), self.appliance.state()
        if appliance in GONE:
            return "left alone"
        if desktop in {"pending", "running"}:
            return self._start(appliance)
        if desktop in {"stopping", "stopped"}:
            return self._stop(appliance, now - asked)
        # The desktop is being replaced, or the stack taken away: not for this function to decide.
        return "left alone"

    def _start(self, appliance: str) -> Done:
        if appliance == "stopping":
            raise GatewayUnavailable("the appliance is still stopping; it is started after that")
        if appliance != "stopped":
            return "as it should be"
        self.appliance.start()
        return "started"

    def _stop(self, appliance: str, waited: timedelta) -> Done:
        if appliance in {"stopping", "stopped"}:
            return "as it should be"
        if appliance == "pending":
            raise GatewayUnavailable("the appliance is still starting; it is stopped after that")
        if waited < LONGEST:
            if waited < SETTLE:
                raise GatewayUnavailable("the desktop stopped a moment ago; the appliance follows")
            unsaved = self.unsaved()
            if unsaved is None or unsaved > 0:
                share = "an unknown part" if unsaved is None else f"{unsaved:g} %"
                raise GatewayUnavailable(f"{share} of the cache is not in the archive yet")
        self.appliance.stop()
        return "stopped"


def wake(
    appliance: Instance,
    gateway: Gateway,
    *,
    seconds: float,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Literal["connected", "gone", "not connected"]:
    """Start the appliance and wait until the gateway answers: only then can its shares be deleted.

    Never raises for what an appliance may do: taking the stack away goes on in any case.
    """
    deadline = clock() + seconds
    while True:
        state = appliance.state()
        if state in GONE:
            return "gone"
        if state == "stopped":
            appliance.start()
        elif state == "running" and connected(gateway):
            return "connected"
        if clock() + PAUSE >= deadline:
            return "not connected"
        sleep(PAUSE)
