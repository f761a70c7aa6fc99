"""The sending of one file: what the archive is asked, and what the journal says meanwhile."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from enum import Enum
from typing import Any, BinaryIO

from labsight import __version__
from labsight_lab.sync.journal.journal import Entry, Journal, State
from labsight_lab.sync.look.plan import Candidate
from labsight_lab.sync.sending.archive import (
    AlreadyThere,
    Answer,
    Archive,
    Denied,
    NewObject,
    Part,
    UploadGone,
)
from labsight_lab.sync.sending.source import Body, TransferBreak, check_unchanged, checksum, written

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
    """The sending of one file, with what the journal says about it at each moment.

    ``candidate.key`` moves on to the next revision when this one may hold other content of ours.
    """

    def __init__(
        self, archive: Archive, journal: Journal, moved: Moved, candidate: Candidate
    ) -> None:
        self._archive, self._journal, self._moved = archive, journal, moved
        self.candidate, self._earlier = candidate, candidate.entry
        self._size = candidate.fingerprint.size
        self._crc32: int | None = None  # of the whole file, once it was read
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
        self._check_unchanged(file)
        if self._only_touched(file):
            self.note()
            return Result.SAME, ""
        send = self._in_parts if self._size > SINGLE_MAX else self._whole
        while True:  # twice at most: nothing was attempted under the next revision yet
            try:
                return send(file)
            except AlreadyThere:
                if ended := self._taken(file):
                    return ended

    def drop_upload(self) -> None:
        """Abort what is open for this file and forget its parts."""
        if self._entry.upload:
            abort(self._archive, self._key, self._entry.upload)
            self.note(upload=None, drop_parts=True)

    @property
    def _key(self) -> str:
        return str(self.candidate.key)

    def _only_touched(self, file: BinaryIO) -> bool:
        """Say whether the archive's latest revision has the same bytes."""
        earlier = self._earlier
        if (
            earlier is None
            or earlier.state not in {State.UPLOADED, State.EXISTS}
            or earlier.fingerprint.size != self._size
        ):
            return False
        return self._content(file) == earlier.crc32

    def _whole(self, file: BinaryIO) -> tuple[Result, str]:
        self.drop_upload()
        crc32 = self._content(file)
        body = self._body(file, 0, self._size, lambda: self._check_unchanged(file))
        with self._making(crc32, body):
            self._archive.put(self._new_object(), body, crc32)
        return self._stored(crc32)

    def _in_parts(self, file: BinaryIO) -> tuple[Result, str]:
        upload, held = self._open_upload(file)
        if upload is None:
            return self._stored(self._content(file))
        parts, whole = [], 0
        step = part_size(self._size)
        for number, start in enumerate(range(0, self._size, step), 1):
            length = min(step, self._size - start)
            crc32, whole = self._checksum(file, start, length, whole)
            part = held.get((number, crc32))
            if part is None:
                body = self._body(file, start, length, lambda: None)
                part = self._archive.put_part(self._key, upload, number, body, crc32)
                self._journal.write_part(self.candidate.path, part, crc32)
            parts.append(part)
        self._check_unchanged(file)
        self._crc32 = whole
        with self._making(whole):
            self._archive.complete(self._key, upload, parts, size=self._size, crc32=whole)
        return self._stored(whole)

    def _open_upload(self, file: BinaryIO) -> tuple[str | None, dict[tuple[int, int], Part]]:
        """Return an upload and its parts by number and checksum; None when all is stored."""
        entry, earlier = self._entry, self._earlier
        if entry.upload and earlier and earlier.fingerprint == entry.fingerprint:
            known = self._journal.parts(entry.path)
            try:
                listed = set(self._archive.parts(self._key, entry.upload))
            except UploadGone:
                if self._was_completed(file, entry.upload, list(known)):
                    return None, {}
            except Denied:
                pass  # then the parts cannot be counted on
            else:
                return entry.upload, {(p.number, crc): p for p, crc in known.items() if p in listed}
        self._clear_the_way()
        if self._archive.holds(self._key):  # else known only after all its bytes are sent
            raise AlreadyThere(f"the archive already holds {self._key}")
        self.note(state=State.UPLOADING, upload=None, drop_parts=True)
        upload = self._archive.begin(self._new_object())
        self.note(upload=upload)
        return upload, {}

    def _was_completed(self, file: BinaryIO, upload: str, parts: list[Part]) -> bool:
        """Ask again for what an earlier run asked for without hearing the answer."""
        attempted = self._entry.attempted
        if not attempted or self._content(file) not in attempted:
            return False
        parts.sort(key=lambda part: part.number)
        try:
            self._archive.complete(
                self._key, upload, parts, size=self._size, crc32=self._content(file)
            )
        except UploadGone:
            return False
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
    def _making(self, crc32: int, body: Body | None = None) -> Iterator[None]:
        """Journal that an object with this content may exist, unless an answer rules that out."""
        before = self._entry.attempted
        self.note(state=State.UPLOADING, attempted=before | {crc32})
        try:
            yield
        except Answer as answer:
            if not answer.retried:
                self.note(attempted=before)
            raise
        except TransferBreak:
            if body and not body.handed_out:
                self.note(attempted=before)
            raise

    def _taken(self, file: BinaryIO) -> tuple[Result, str] | None:
        """Decide what lies under our key, by what we may have stored there ourselves.

        None when it may be other content of ours: then this content goes to the next revision.
        """
        if self._entry.upload:
            abort(self._archive, self._key, self._entry.upload)
        attempted, key = self._entry.attempted, self.candidate.key
        if not attempted:
            reason = (
                f"the archive already holds {key}, which this folder did not send; nothing was "
                "overwritten. Compare the two; to send this one as well, rename it"
            )
            self._settle(State.CONFLICT, reason)
            return Result.CONFLICT, reason
        crc32 = self._content(file)
        if attempted == {crc32}:
            reason = (
                f"the archive holds {key}; that it is this file is not proven, the answer to an "
                "earlier attempt to send it was lost. Let somebody who may read the archive "
                f"compare its CRC32 with {written(crc32)}, or copy the file under another name "
                "to send it once more"
            )
            self._settle(State.EXISTS, reason, revision=key.revision, crc32=crc32)
            return Result.EXISTS, reason
        following = replace(key, revision=key.revision + 1)
        self._settle(State.UPLOADING, revision=key.revision, crc32=None)
        self.candidate = replace(self.candidate, key=following)
        return None

    def _stored(self, crc32: int) -> tuple[Result, str]:
        self._settle(State.UPLOADED, revision=self.candidate.key.revision, crc32=crc32)
        return Result.UPLOADED, ""

    def _settle(self, state: State, reason: str = "", **changes: Any) -> None:
        self.note(
            state=state,
            reason=reason,
            upload=None,
            attempted=frozenset(),
            drop_parts=True,
            **changes,
        )

    def _check_unchanged(self, file: BinaryIO) -> None:
        check_unchanged(file, self.candidate.file, self.candidate.fingerprint)

    def _content(self, file: BinaryIO) -> int:
        """Return the checksum of the whole file."""
        if self._crc32 is None:
            _, self._crc32 = self._checksum(file, 0, self._size, 0)
        return self._crc32

    def _checksum(self, file: BinaryIO, start: int, length: int, before: int) -> tuple[int, int]:
        path = self.candidate.path
        return checksum(file, start, length, before, lambda: self._moved(path, start))

    def _body(self, file: BinaryIO, start: int, length: int, at_end: Callable[[], None]) -> Body:
        path = self.candidate.path
        return Body(
            file, start, length, lambda position: self._moved(path, start + position), at_end
        )

    def _new_object(self) -> NewObject:
        candidate = self.candidate
        return NewObject(
            key=self._key,
            content_type=candidate.kind.content_type,
            metadata={
                "mtime-ns": str(candidate.fingerprint.mtime_ns),
                "agent": f"labsight/{__version__}",
            },
        )


def abort(archive: Archive, key: str, upload: str) -> None:
    """Drop an open upload; without the right to, the bucket's own rule ends it after some days."""
    try:
        archive.abort(key, upload)
    except Denied:
        return
