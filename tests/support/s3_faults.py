"""What goes wrong between a client and S3, chosen by count and seed, and counted."""

import random
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

UPLOADS = frozenset({"PutObject", "UploadPart"})


class Does(Enum):
    """What a fault does to a request."""

    REFUSE = "answers with an error, and does nothing"
    CUT = "ends the connection inside the body"
    LOSE = "does what was asked, but ends the connection instead of answering"
    FLIP = "changes a bit of the body before anybody looks at it"
    STALL = "waits before it answers"
    FAIL_LATE = "does nothing, and tells so in the body of an answer of 200, as a completion may"


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A fault that meets every n-th request of some kinds, from the n-th on.

    ``at``: where in the body, in bytes; seeded when not told. ``seconds`` of a stall.
    ``spares_again``: a request that is made again for the same thing is let through.
    """

    does: Does
    every: int = 1
    kinds: frozenset[str] = UPLOADS
    times: int | None = None
    status: int = 503
    code: str = "SlowDown"
    at: int | None = None
    seconds: float = 0.0
    spares_again: bool = False


@dataclass(frozen=True)
class Met:
    """A fault that a request meets, and where in its body."""

    fault: Fault
    position: int


@dataclass
class Faults:
    """The faults of a server; ``met`` counts how often each one came to be."""

    faults: Sequence[Fault] = ()
    seed: int = 0
    met: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.met = [0] * len(self.faults)
        self._asked = [0] * len(self.faults)
        self._targets: set[tuple[str, str]] = set()
        self._chance = random.Random(self.seed)
        self._lock = threading.Lock()

    def of(self, kind: str, target: str, length: int) -> Met | None:
        """Return the fault that the next request of a kind, for a thing, meets, if one does."""
        with self._lock:
            found = None
            is_again = (kind, target) in self._targets
            self._targets.add((kind, target))
            for number, fault in enumerate(self.faults):
                if kind not in fault.kinds or self.met[number] == fault.times:
                    continue
                if is_again and fault.spares_again:
                    continue
                self._asked[number] += 1
                if found is None and self._asked[number] % fault.every == 0:
                    self.met[number] += 1
                    found = fault
            if found is None:
                return None
            seeded = self._chance.randrange(max(1, length))
            return Met(found, seeded if found.at is None else min(found.at, max(0, length - 1)))
