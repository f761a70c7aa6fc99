"""The sending of one file: what the archive is asked, and what the journal says meanwhile."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from enum import Enum
from typing import Any, BinaryIO
from urllib.parse import quote

from labsight import __version__
from labsight.errors import SettingsError
from labsight_lab.sync.archive import (
    AlreadyThere,
    Archive,
    Denied,
    NewObject,
    Part,
    Refused,
    UploadGone,
)
from labsight_lab.sync.journal import Entry, Journal, State
from labsight_lab.sync.plan import Candidate
from labsight_lab.sync.source import Body, TransferBreak, check_unchanged, checksum

SINGLE_MAX = 64 << 20
PART_SIZE = 16 << 20
PARTS_MAX = 10_000  # https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
_MIB = 1 << 20

# Hears how many bytes of a file are on their way; ends the transfer by raising.
Moved = Callable[[str, int], None]


class Result(Enum):
    """How the sending of one file ended."""

    UPLOADED = "uploaded"
    SAME = "same"  # only its time stamp had changed
    EXISTS = "exists"
    CONFLICT = "conflict"
    UNFINISHED = "unfinished"
    CHANGED = "changed"
    FAILED = "failed"


def part_size(size: int) -> int:
    """Return the size of all parts but the last: 16 MiB, or what so large a file needs."""
    return max(PART_SIZE, -(-size // (PARTS_MAX * _MIB)) * _MIB)


class Sending:
    """The sending of one file, with what the journal says about it at each moment."""

    def __init__(
        self, archive: Archive, journal: Journal, moved: Moved, candidate: Candidate
    ) -> None:
        self._archive, self._journal, self._moved = archive, journal, moved
        self._candidate, self._earlier = candidate, candidate.entry
        self._size = candidate.fingerprint.size
        self._key = str(candidate.key)
        blank = Entry(
            path=candidate.path,
            key=candidate.base,
            fingerprint=candidate.fingerprint,
            state=State.SEEN,
        )
        self._entry = replace(
            candidate.entry or blank, fingerprint=candidate.fingerprint, reason=""
        )

    def note(self, *, drop_parts: bool = False, **changes: Any) -> None:
        """Commit to the journal what is now known."""
        self._entry = replace(self._entry, **changes)
        self._journal.write([self._entry], drop_parts=drop_parts)

    def run(self, file: BinaryIO) -> tuple[Result, str]:
        """Send the open file."""
        check_unchanged(file, self._candidate.file, self._candidate.fingerprint)
        if self._only_touched(file):
            self.note()
            return Result.SAME, ""
        try:
            if self._size > SINGLE_MAX:
                return self._in_parts(file)
            return self._whole(file)
        except AlreadyThere as error:
            return self._taken(error)

    def drop_upload(self) -> None:
        """Abort what is open for this file and forget its parts."""
        if self._entry.upload:
            abort(self._archive, self._key, self._entry.upload)
            self.note(upload=None, drop_parts=True)

    def _only_touched(self, file: BinaryIO) -> bool:
        """Say whether the archive's latest revision has the same bytes."""
        earlier = self._earlier
        if (
            earlier is None
            or earlier.state not in {State.UPLOADED, State.EXISTS}
            or earlier.fingerprint.size != self._size
        ):
            return False
        return self._checksum(file, 0, self._size, 0)[1] == earlier.crc32

    def _whole(self, file: BinaryIO) -> tuple[Result, str]:
        self.drop_upload()
        crc32, _ = self._checksum(file, 0, self._size, 0)
        body = self._body(file, 0, self._size, lambda: self._check_unchanged(file))
        with self._making(crc32):
            self._archive.put(self._new_object(), body, crc32)
        return self._stored(crc32)

    def _in_parts(self, file: BinaryIO) -> tuple[Result, str]:
        upload, held = self._open_upload()
        if upload is None:
            return self._stored(self._entry.doubt or 0)
        parts, whole = [], 0
        step = part_size(self._size)
        for number, start in enumerate(range(0, self._size, step), 1):
            length = min(step, self._size - start)
            crc32, whole = self._checksum(file, start, length, whole)
            part = held.get((number, crc32))
            if part is None:
                body = self._body(file, start, length, lambda: None)
                part = self._archive.put_part(self._key, upload, number, body, crc32)
                self._journal.write_part(self._candidate.path, part, crc32)
            parts.append(part)
        self._check_unchanged(file)
        with self._making(whole):
            self._archive.complete(self._key, upload, parts, size=self._size, crc32=whole)
        return self._stored(whole)

    def _open_upload(self) -> tuple[str | None, dict[tuple[int, int], Part]]:
        """Return an upload and its parts by number and checksum; None when all is stored."""
        entry, earlier = self._entry, self._earlier
        if entry.upload and earlier and earlier.fingerprint == entry.fingerprint:
            known = self._journal.parts(entry.path)
            try:
                listed = set(self._archive.parts(self._key, entry.upload))
            except UploadGone:
                if entry.doubt is not None and self._was_completed(list(known)):
                    return None, {}
            except Denied:
                pass  # then the parts cannot be counted on
            else:
                self.note(doubt=None)  # what is still open did not become the object
                held = {(p.number, crc): p for p, crc in known.items() if p in listed}
                return entry.upload, held
        self._clear_the_way()
        self.note(state=State.UPLOADING, upload=None, drop_parts=True)
        upload = self._archive.begin(self._new_object())
        self.note(upload=upload)
        return upload, {}

    def _was_completed(self, parts: list[Part]) -> bool:
        """Ask again for what an earlier run asked for without hearing the answer."""
        entry = self._entry
        parts.sort(key=lambda part: part.number)
        try:
            self._archive.complete(
                self._key, entry.upload or "", parts, size=self._size, crc32=entry.doubt or 0
            )
        except UploadGone:
            return False
        except AlreadyThere as error:
            raise AlreadyThere(error.message, own_retry=True) from error
        return True

    def _clear_the_way(self) -> None:
        """Abort what an earlier run left open here, even if it died before noting the id."""
        earlier = self._earlier
        if self._entry.upload:
            self.drop_upload()
        elif earlier and earlier.state is State.UPLOADING:
            try:
                for stray in self._archive.open_uploads(self._key):
                    abort(self._archive, self._key, stray)
            except Denied:
                return  # the bucket's own rule ends them after some days

    @contextmanager
    def _making(self, crc32: int) -> Iterator[None]:
        """Journal that an object with this content may exist, until an answer denies it."""
        before = self._entry.doubt
        self.note(state=State.UPLOADING, doubt=crc32)
        try:
            yield
        except AlreadyThere as error:
            ours = before == crc32 or (error.own_retry and not self._is_still_open())
            raise AlreadyThere(error.message, own_retry=ours) from error
        except (Refused, SettingsError, UploadGone, TransferBreak):
            self.note(doubt=before)
            raise

    def _taken(self, error: AlreadyThere) -> tuple[Result, str]:
        """Decide whether what lies under our key is ours; only a lost answer can make it so."""
        if self._entry.upload:
            abort(self._archive, self._key, self._entry.upload)
        if error.own_retry:
            reason = "sent by an interrupted run; the archive holds it, its bytes were not compared"
            self._settle(
                State.EXISTS,
                reason,
                revision=self._candidate.key.revision,
                crc32=self._entry.doubt,
            )
            return Result.EXISTS, reason
        reason = (
            f"the archive already holds {self._key}, which this folder did not send; nothing was "
            "overwritten. Compare the two; to send this one as well, rename it"
        )
        self._settle(State.CONFLICT, reason)
        return Result.CONFLICT, reason

    def _is_still_open(self) -> bool:
        """Say whether our upload in parts certainly did not become the object."""
        if not self._entry.upload:
            return False
        try:
            self._archive.parts(self._key, self._entry.upload)
        except (UploadGone, Denied):
            return False
        return True

    def _stored(self, crc32: int) -> tuple[Result, str]:
        self._settle(State.UPLOADED, revision=self._candidate.key.revision, crc32=crc32)
        return Result.UPLOADED, ""

    def _settle(self, state: State, reason: str = "", **changes: Any) -> None:
        self.note(state=state, reason=reason, upload=None, doubt=None, drop_parts=True, **changes)

    def _check_unchanged(self, file: BinaryIO) -> None:
        check_unchanged(file, self._candidate.file, self._candidate.fingerprint)

    def _checksum(self, file: BinaryIO, start: int, length: int, before: int) -> tuple[int, int]:
        path = self._candidate.path
        return checksum(file, start, length, before, lambda: self._moved(path, start))

    def _body(self, file: BinaryIO, start: int, length: int, at_end: Callable[[], None]) -> Body:
        path = self._candidate.path
        return Body(
            file, start, length, lambda position: self._moved(path, start + position), at_end
        )

    def _new_object(self) -> NewObject:
        candidate = self._candidate
        return NewObject(
            key=self._key,
            content_type=candidate.kind.content_type,
            metadata={
                "mtime-ns": str(candidate.fingerprint.mtime_ns),
                "original-name": quote(os.fsencode(candidate.file.name)),
                "agent": f"labsight/{__version__}",
            },
        )


def abort(archive: Archive, key: str, upload: str) -> None:
    """Drop an open upload; without the right to, the bucket's own rule ends it after some days."""
    try:
        archive.abort(key, upload)
    except Denied:
        return
