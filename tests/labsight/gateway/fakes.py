"""The world outside the gateway's functions, in memory."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from labsight.errors import GatewayUnavailable
from labsight.gateway.parts import Disk, State
from labsight.gateway.refresh import Message


@dataclass
class FakeInstance:
    """An instance that changes its state when it is told to, and by the states that are to come."""

    now: State = "running"
    later: list[State] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)

    def state(self) -> State:
        state = self.now
        if self.later:
            self.now = self.later.pop(0)
        return state

    def start(self) -> None:
        self.calls.append("start")
        self.now = "pending"

    def stop(self) -> None:
        self.calls.append("stop")
        self.now = "stopping"


@dataclass
class FakeGateway:
    """A gateway that answers after so many questions."""

    away: int = 0
    found: list[Disk] = field(default_factory=list)
    cached: list[str] = field(default_factory=list)
    passwords: list[str] = field(default_factory=list)
    refreshed: list[tuple[str, tuple[str, ...], bool]] = field(default_factory=list)

    def _check(self) -> None:
        if self.away:
            self.away -= 1
            raise GatewayUnavailable("the gateway did not answer: not connected")

    def disks(self) -> Sequence[Disk]:
        self._check()
        return self.found

    def add_cache(self, disk: str) -> None:
        self._check()
        self.cached.append(disk)
        self.found = [
            Disk(f"uuid-of-{one.id}", "CACHE STORAGE", one.bytes) if one.id == disk else one
            for one in self.found
        ]

    def set_password(self, password: str) -> None:
        self._check()
        self.passwords.append(password)

    def refresh(self, share: str, folders: Sequence[str], *, recursive: bool) -> None:
        self._check()
        self.refreshed.append((share, tuple(folders), recursive))


@dataclass
class FakeVault:
    """A secret."""

    in_use: str | None = None
    proposed: str | None = None

    def current(self) -> str | None:
        return self.in_use

    def pending(self) -> str | None:
        return self.proposed

    def propose(self, value: str) -> None:
        self.proposed = value

    def accept(self, value: str) -> None:
        self.in_use = value


@dataclass
class FakeQueue:
    """A queue that hides what was received until ``again``."""

    bodies: list[str] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)

    def receive(self) -> Sequence[Message]:
        some, self.bodies = self.bodies[:10], self.bodies[10:]
        self.hidden += some
        return [Message(body, body) for body in some]

    def done(self, messages: Sequence[Message]) -> None:
        for message in messages:
            self.hidden.remove(message.receipt)

    def again(self) -> None:
        self.bodies, self.hidden = [*self.hidden, *self.bodies], []


@dataclass
class FakeTime:
    """Time that passes only by sleeping."""

    now: float = 0.0

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
