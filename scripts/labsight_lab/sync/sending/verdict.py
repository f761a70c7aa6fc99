"""What is decided about a group right before it is sent."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from labsight_lab.sync.look.plan import Pending
from labsight_lab.sync.sending.content import FileContent
from labsight_lab.sync.sending.outcome import Outcome


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """That a group may be sent.

    ``incomplete``: why it is sent although it is not finished. ``declared``: the CRC-64 by path of
    those files for which the program that wrote them told one.
    """

    incomplete: str | None = None
    declared: Mapping[str, int] = field(default_factory=dict)


class Judge(Protocol):
    """Says whether a group may be sent."""

    def __call__(self, pending: Pending, held: FileContent | None = None, /) -> Verdict | Outcome:
        """Return a verdict, or what keeps a group from being sent.

        ``held`` is the file of a group that has only one, if it is open already.
        """
        ...
