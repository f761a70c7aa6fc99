"""Files into the archive: every end of a transfer becomes an outcome in the journal."""

import time
from contextlib import closing, nullcontext, suppress
from dataclasses import replace

from labsight.errors import LabsightError, SettingsError, StorageUnavailable
from labsight_lab.sync.journal.entries import Entry, State
from labsight_lab.sync.journal.journal import Journal
from labsight_lab.sync.look.candidate import Candidate, object_key
from labsight_lab.sync.sending.archive import Archive, Refused, Unreachable, UploadGone
from labsight_lab.sync.sending.content import Content, opened_content
from labsight_lab.sync.sending.one_file import Means, Sending, abort
from labsight_lab.sync.sending.outcome import Outcome, Result
from labsight_lab.sync.sending.parts import send_in_parts
from labsight_lab.sync.source import SourceChanged


def transfer(means: Means, candidate: Candidate, content: Content | None = None) -> Outcome:
    """Send a file and journal how that ended; raise only what concerns every file.

    ``content`` is the file, if it is open already. What another thread is still sending is left to
    it: that may take minutes after a run was stopped, and a file may have become a part of a unit
    meanwhile.
    """
    began = time.monotonic()
    with means.journal.claimed(candidate.path) as is_ours:
        if not is_ours:
            told = "an earlier attempt to send it has not ended yet"
            return _outcome(candidate, Result.UNFINISHED, told)
        sending = Sending(means, candidate)
        result, reason = _sent(sending, content)
    return replace(
        _outcome(candidate, result, reason),
        key=sending.key,
        seconds=time.monotonic() - began,
        crc64=sending.entry.crc64 if result is Result.UPLOADED else None,
        revision=sending.revision,
    )


def abandon(archive: Archive, journal: Journal, source: str, entry: Entry) -> None:
    """Drop the open upload of a file that is no longer in the folder."""
    try:
        if entry.upload:
            abort(archive, object_key(source, entry.path, entry.revision + 1), entry.upload)
    except Unreachable:
        raise
    except (Refused, StorageUnavailable):
        return  # the next look tries again; until then the others are sent
    journal.write([replace(entry, state=State.SEEN, upload=None)], drop_parts=True)


def _sent(sending: Sending, held: Content | None) -> tuple[Result, str]:
    try:
        opened = nullcontext(held) if held else closing(opened_content(sending.candidate))
        with opened as content:
            return sending.run(content, send_in_parts)
    except SourceChanged:
        result, reason = Result.CHANGED, "it changed while it was sent"
        _drop_upload(sending)
    except UploadGone:
        result, reason = Result.FAILED, "its upload expired half way; run again to send it anew"
        _drop_upload(sending)
    except OSError as error:
        result, reason = Result.FAILED, f"cannot be read: {error.strerror or error}"
    except (SettingsError, Unreachable):
        raise
    except LabsightError as error:
        result, reason = Result.FAILED, error.message
    state = State.SEEN if result is Result.CHANGED else State.FAILED
    sending.note(state=state, reason=reason)
    return result, reason


def _drop_upload(sending: Sending) -> None:
    """Drop what is open; what the archive fails to drop stays in the journal for the next time."""
    with suppress(Refused, StorageUnavailable):
        sending.drop_upload()


def _outcome(candidate: Candidate, result: Result, reason: str) -> Outcome:
    return Outcome(
        path=candidate.path,
        place=candidate.unit or candidate.path,
        size=candidate.fingerprint.size,
        result=result,
        reason=reason,
    )
