"""What a run tells, look by look and file by file, to whom it may concern."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from labsight.errors import LabsightError
from labsight_lab.sync.look.plan import Pending
from labsight_lab.sync.sending.outcome import Outcome
from labsight_lab.sync.telling.report import Report


@dataclass(frozen=True, kw_only=True)
class Look:
    """What one look at the folder led to.

    ``begun`` is being sent from now on, and ``is_busy`` while anything is. ``waiting`` are the
    places of groups that are too young, with the seconds for which they are left alone. ``notes``
    are what people should know of the lists beside the data.
    """

    report: Report
    begun: Sequence[Pending] = ()
    waiting: Mapping[str, float]
    is_busy: bool
    is_under_way: Callable[[str], bool]
    notes: Sequence[str] = ()


class Listener(Protocol):
    """Hears what happens in a run, in its main thread."""

    def looked(self, look: Look) -> None:
        """Hear of a look at the folder; what is ready is on its way."""
        ...

    def ended(self, outcome: Outcome) -> None:
        """Hear what became of one file, or of a group that is not sent now."""
        ...

    def troubled(self, error: LabsightError) -> None:
        """Hear what stops all files for the moment; it is tried again."""
        ...

    def warned(self, text: str) -> None:
        """Hear what people should know, such as a clock that is wrong; it stops nothing."""
        ...


class Nobody:
    """Hears nothing."""

    def looked(self, look: Look) -> None:
        """Hear nothing."""

    def ended(self, outcome: Outcome) -> None:
        """Hear nothing."""

    def troubled(self, error: LabsightError) -> None:
        """Hear nothing."""

    def warned(self, text: str) -> None:
        """Hear nothing."""
