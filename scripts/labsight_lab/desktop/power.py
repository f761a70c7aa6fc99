"""Switching the desktop on and off, and telling how it is."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from labsight.errors import Conflict
from labsight_lab.desktop.aws import Ec2, explained
from labsight_lab.desktop.machine import GATEWAY, Machine, find_machines, look
from labsight_lab.desktop.prices import AS_OF, usd_per_hour
from labsight_lab.text import duration

Say = Callable[[str], None]

POLL_SECONDS = 5.0
REMIND_SECONDS = 30.0
# Windows passes its checks about five minutes after a start, ten after its first.
START_SECONDS = 900.0
STOP_SECONDS = 600.0


class Power:
    """Starts and stops one machine and watches it do so."""

    def __init__(
        self,
        ec2: Ec2,
        say: Say,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ec2, self._say, self._sleep, self._clock = ec2, say, sleep, clock

    def start(self, machine: Machine, *, wait: bool = True) -> Machine:
        """Start it if it is not running; return it as it is then."""
        if machine.state == "stopping":
            self._say(f"{machine.id} is stopping; it can start when that is done")
            machine = self._until(machine, "stopped", STOP_SECONDS)
        if machine.state == "stopped":
            with explained("ec2:StartInstances"):
                self._ec2.start_instances(InstanceIds=[machine.id])
            self._say(f"starting {machine.id} ({machine.type})")
            self._tell_gateway(machine)
        if not wait:
            return look(self._ec2, machine.id)
        machine = self._until(machine, "running", START_SECONDS)
        self._until_reachable(machine)
        return machine

    def stop(self, machine: Machine, *, wait: bool = True) -> Machine:
        """Stop it if it is running; what was not saved on it is lost, its disk stays."""
        if machine.state in {"pending", "running"}:
            with explained("ec2:StopInstances"):
                self._ec2.stop_instances(InstanceIds=[machine.id])
            self._say(f"stopping {machine.id}")
        if not wait:
            return look(self._ec2, machine.id)
        return self._until(machine, "stopped", STOP_SECONDS)

    def _tell_gateway(self, machine: Machine) -> None:
        for gateway in find_machines(self._ec2, GATEWAY, machine.stack or None):
            price = usd_per_hour(gateway)
            cost = f", about {price:.2f} $ an hour" if price else ""
            self._say(
                f"the file gateway {gateway.id} starts with it ({gateway.type}{cost}); the drives "
                "appear some minutes after the desktop"
            )

    def _until(self, machine: Machine, state: str, seconds: float) -> Machine:
        begun = told = self._clock()
        while True:
            now = look(self._ec2, machine.id)
            if now.state == state:
                return now
            waited = self._clock() - begun
            if waited > seconds:
                raise Conflict(
                    f"{machine.id} is {now.state} and not {state} after {duration(waited)}; "
                    "look at it in the EC2 console"
                )
            if self._clock() - told >= REMIND_SECONDS:
                told = self._clock()
                self._say(f"{machine.id} is {now.state} ({duration(waited)})")
            self._sleep(POLL_SECONDS)

    def _until_reachable(self, machine: Machine) -> None:
        """Wait for EC2's own check from outside: it passes when the system answers."""
        begun = told = self._clock()
        while True:
            with explained("ec2:DescribeInstanceStatus"):
                answer = self._ec2.describe_instance_status(InstanceIds=[machine.id])
            states = [one["InstanceStatus"]["Status"] for one in answer["InstanceStatuses"]]
            waited = self._clock() - begun
            if states == ["ok"]:
                self._say(f"{machine.id} is reachable")
                return
            if waited > START_SECONDS:
                self._say(
                    f"{machine.id} runs, but EC2's check has not passed in {duration(waited)}; "
                    "try to connect, or look at it in the EC2 console"
                )
                return
            if self._clock() - told >= REMIND_SECONDS:
                told = self._clock()
                self._say(f"{machine.id} runs and is not reachable yet ({duration(waited)})")
            self._sleep(POLL_SECONDS)


def report(
    machine: Machine, gateways: list[Machine], now: datetime | None = None
) -> dict[str, Any]:
    """Return all that is known of the desktop, for people and machines."""
    now = now or datetime.now(UTC)
    since = machine.since
    return {
        "stack": machine.stack,
        "instance_id": machine.id,
        "state": machine.state,
        "since": since.isoformat() if since else None,
        "seconds": max(0, round((now - since).total_seconds())) if since else None,
        "kind": "linux-dcv" if machine.linux else "windows",
        "access": "session-manager" if machine.by_session_manager else "instance-connect",
        "instance_type": machine.type,
        "idle_minutes": machine.idle_minutes,
        "stops_at": machine.stops_at or None,
        "usd_per_hour": usd_per_hour(machine),
        "gateways": {one.id: one.state for one in gateways},
    }


def described(told: dict[str, Any]) -> str:
    """Write a report in a few lines."""
    length = f" for {duration(told['seconds'])}" if told["seconds"] is not None else ""
    lines = [
        f"desktop   {told['instance_id']} of stack {told['stack'] or '?'}",
        f"machine   {told['instance_type']}, {told['kind']}, by {told['access']}",
        f"state     {told['state']}{length}",
        f"stops     {_stops(told)}",
    ]
    if told["usd_per_hour"]:
        lines.append(f"cost      about {told['usd_per_hour']:.2f} $ an hour while on ({AS_OF})")
    lines += [f"gateway   {name}: {state}" for name, state in told["gateways"].items()]
    return "\n".join(lines)


def _stops(told: dict[str, Any]) -> str:
    ways = [f"after {told['idle_minutes']} idle minutes"] if told["idle_minutes"] else []
    ways += [f"at {told['stops_at']}"] if told["stops_at"] else []
    return " and ".join(ways) or "only when you stop it"
