"""What is decided about a group right before it is sent."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from labsight_lab.sync.look.plan import Pending
from labsight_lab.sync.sending.transfer import Outcome


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """That a group may be sent.

    ``incomplete``: why it is sent although it is not finished. ``declared``: the CRC-64 by path of
    those files for which the program that wrote them told one.
    """

    incomplete: str | None = None
    declared: Mapping[str, int] = field(default_factory=dict)


# Returns a verdict, or what keeps a group from being sent.
Judge = Callable[[Pending], Verdict | Outcome]
