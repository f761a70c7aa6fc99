"""Files into the archive: every end of a transfer becomes an outcome in the journal."""

from dataclasses import dataclass, replace

from labsight.errors import LabsightError, SettingsError
from labsight_lab.sync.journal.journal import Entry, Journal, State
from labsight_lab.sync.look.plan import Candidate
from labsight_lab.sync.sending.archive import Archive, Unreachable, UploadGone
from labsight_lab.sync.sending.one_file import Moved, Result, Sending, abort
from labsight_lab.sync.sending.source import SourceChanged, opened


@dataclass(frozen=True)
class Outcome:
    """What became of one file."""

    candidate: Candidate
    result: Result
    reason: str = ""


class Transfer:
    """Sends files; several threads may use it at once."""

    def __init__(self, archive: Archive, journal: Journal, moved: Moved) -> None:
        self._archive, self._journal, self._moved = archive, journal, moved

    def send(self, candidate: Candidate) -> Outcome:
        """Send a file and journal how that ended; raise only what concerns every file."""
        sending = Sending(self._archive, self._journal, self._moved, candidate)
        try:
            with opened(candidate.file) as file:
                result, reason = sending.run(file)
        except SourceChanged:
            sending.drop_upload()
            result, reason = Result.CHANGED, "it changed while it was sent"
        except UploadGone:
            sending.drop_upload()
            result, reason = Result.FAILED, "its upload expired half way; run again to send it anew"
        except OSError as error:
            result, reason = Result.FAILED, f"cannot be read: {error.strerror or error}"
        except (SettingsError, Unreachable):
            raise
        except LabsightError as error:
            result, reason = Result.FAILED, error.message
        if result in {Result.CHANGED, Result.FAILED}:
            state = State.SEEN if result is Result.CHANGED else State.FAILED
            sending.note(state=state, reason=reason)
        return Outcome(sending.candidate, result, reason)

    def abandon(self, entry: Entry, key: str) -> None:
        """Drop the open upload of a file that is no longer in the folder."""
        if entry.upload:
            abort(self._archive, key, entry.upload)
        self._journal.write([replace(entry, state=State.SEEN, upload=None)], drop_parts=True)
