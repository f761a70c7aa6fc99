"""Entries of the journal, held against what the archive tells of their objects."""

from labsight.errors import LabsightError, SettingsError
from labsight_lab.sync.checking.case import Means
from labsight_lab.sync.checking.findings import Checked, Finding
from labsight_lab.sync.checking.sent import Sent
from labsight_lab.sync.checking.taken import Taken
from labsight_lab.sync.journal.entries import SETTLED, State
from labsight_lab.sync.sending.archive import Unreachable


def check(means: Means, path: str) -> Checked | None:
    """Check what the journal knows of a path; None when it calls nothing settled there now.

    Raises SettingsError and Unreachable for what concerns every object.
    """
    entry = means.journal.entry(path)
    if entry is None or entry.state not in SETTLED:
        return None  # sync has begun with it since
    case: Sent | Taken
    if entry.state is State.CONFLICT:
        case = Taken(means, entry, entry.revision + 1)
    else:
        case = Sent(means, entry, max(1, entry.revision))
    try:
        return case.checked()
    except (SettingsError, Unreachable):
        raise
    except LabsightError as error:
        return case.ended(Finding.UNREADABLE, error.message)
