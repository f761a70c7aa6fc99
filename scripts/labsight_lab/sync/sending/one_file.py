"""The sending of one file: what the archive is asked, and what the journal says meanwhile."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from labsight_lab.sync.crc64 import crc64
from labsight_lab.sync.journal.entries import STORED, Entry, State
from labsight_lab.sync.journal.journal import Journal
from labsight_lab.sync.look.candidate import Candidate
from labsight_lab.sync.sending.archive import (
    AlreadyThere,
    Answer,
    Archive,
    Denied,
    NewObject,
    Refused,
)
from labsight_lab.sync.sending.body import Body
from labsight_lab.sync.sending.content import Content
from labsight_lab.sync.sending.memory import Memory
from labsight_lab.sync.sending.outcome import Result
from labsight_lab.sync.source import BLOCK, TransferBreak, written

PART_SIZE = 16 << 20
PARTS_MAX = 10_000  # https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
_MIB = 1 << 20

# Hears how many bytes of a file are on their way; ends the transfer by raising.
Moved = Callable[[str, int], None]


@dataclass(frozen=True, kw_only=True)
class Means:
    """What all sending shares: where to, what is remembered, who is told, how much at a time.

    ``large``: one turn for each file that may be sent in parts at a time; more would not be faster,
    and all would be finished late.
    """

    archive: Archive
    journal: Journal
    moved: Moved
    stop: threading.Event
    memory: Memory
    large: threading.Semaphore


def is_large(size: int) -> bool:
    """Whether a file of this size is sent in parts."""
    return size > PART_SIZE


def part_size(size: int) -> int:
    """Return the size of all parts but the last: 16 MiB, or what so large a file needs."""
    return max(PART_SIZE, -(-size // (PARTS_MAX * _MIB)) * _MIB)


class Sending:
    """The sending of one file, with what the journal says about it at each moment.

    ``revision`` and with it ``key`` move on when this one may hold other content of ours.
    """

    def __init__(self, means: Means, candidate: Candidate) -> None:
        self._means, self.candidate = means, candidate
        self.earlier = means.journal.entry(candidate.path)
        self.revision = 1 + (self.earlier.revision if self.earlier else 0)
        self.key = candidate.key(self.revision)
        self.size = candidate.fingerprint.size
        self._about: dict[str, Any] = {
            "fingerprint": candidate.fingerprint,
            "unit": candidate.unit,
            "members": candidate.members,
        }
        if self.earlier is None:
            self.entry = Entry(path=candidate.path, key=self.key, state=State.SEEN, **self._about)
        else:
            # What the journal says of an open upload stays what that was begun for.
            about = {} if self.earlier.upload else self._about
            self.entry = self.earlier.but(reason="", removed=None, **about)

    def note(self, *, drop_parts: bool = False, wait: bool = True, **changes: Any) -> None:
        """Commit to the journal what is now known; without ``wait`` with its next commit."""
        self.entry = self.entry.but(**changes)
        self._means.journal.write([self.entry], drop_parts=drop_parts, wait=wait)

    def run(
        self,
        content: Content,
        in_parts: "Callable[[Sending, Means, Content], tuple[Result, str]]",
    ) -> tuple[Result, str]:
        """Send the content, ``in_parts`` what is too large for one request."""
        self._means.moved(self.candidate.path, 0)  # nothing is begun when the run is over
        if self.candidate.refused:
            raise Refused(self.candidate.refused)
        if is_large(self.size):
            content.check()  # before all of it is read
            return self._run(content, lambda content: in_parts(self, self._means, content))
        return self._run(content, self._whole)

    @property
    def goes_on(self) -> bool:
        """Whether what is open was begun for just this: an upload's metadata cannot be changed."""
        begun, wanted = self.earlier, self.candidate
        return begun is not None and (begun.fingerprint, begun.unit) == (
            wanted.fingerprint,
            wanted.unit,
        )

    def drop_upload(self) -> None:
        """Abort what is open for this file and forget its parts."""
        if self.entry.upload:
            abort(self._means.archive, self.key, self.entry.upload)
            self.note(upload=None, drop_parts=True, **self._about)

    def _run(
        self, content: Content, send: Callable[[Content], tuple[Result, str]]
    ) -> tuple[Result, str]:
        if self._only_touched(content):
            self.drop_upload()
            if self.earlier and self.earlier.state in STORED:  # a new time stamp answers no doubt
                self.note(state=self.earlier.state, reason=self.earlier.reason)
            else:
                self.note(state=State.UPLOADED)
            return Result.SAME, ""
        while True:  # twice at most: nothing was attempted under the next revision yet
            try:
                return send(content)
            except AlreadyThere:
                if ended := self._taken(content):
                    return ended

    def _only_touched(self, content: Content) -> bool:
        """Say whether the archive's latest revision has the same bytes.

        Also when something else was tried since, as long as that certainly did not arrive.
        """
        earlier = self.earlier
        if earlier is None or earlier.crc64 is None or earlier.attempted:
            return False
        if earlier.state in STORED:
            may_be = earlier.fingerprint.size == self.size
        else:  # an upload was begun for what is known to be other bytes
            is_same_file = earlier.fingerprint == self.candidate.fingerprint
            may_be = earlier.sent is not None and not (earlier.upload and is_same_file)
        return may_be and self.checksum(content) == earlier.crc64

    def _whole(self, content: Content) -> tuple[Result, str]:
        means = self._means
        self.drop_upload()
        with means.memory.holding(self.size, means.stop) as room:
            data = content.read(0, self.size, room)
            whole = crc64(data)
            self.check_declared(whole)
            # The file is looked at once more before its last bytes leave.
            body = Body(data, lambda done: means.moved(self.candidate.path, done), content.check)
            with self.making(whole, body):
                means.archive.put(self.new_object(), body, whole)
        # Nothing follows from it: a run killed before the next commit knows that it may be there.
        return self.stored(whole, wait=False)

    @contextmanager
    def making(self, content: int, body: Body | None = None) -> Iterator[None]:
        """Journal that an object with this content may exist, unless an answer rules that out."""
        before = self.entry.attempted
        self.note(state=State.UPLOADING, attempted=before | {content})
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

    def check_declared(self, found: int) -> None:
        """Raise Refused when the program that wrote the file told another checksum for it."""
        declared = self.candidate.declared
        if declared is not None and declared != found:
            raise Refused(
                f"its CRC64NVME is {written(found)}, and the manifest beside it says "
                f"{written(declared)}: the file was damaged after it was written; copy it again"
            )

    def stored(self, found: int, *, wait: bool = True) -> tuple[Result, str]:
        """Note that the archive holds the content under our key."""
        self._settle(
            State.UPLOADED, wait=wait, revision=self.revision, crc64=found, sent=time.time()
        )
        return Result.UPLOADED, ""

    def _taken(self, content: Content) -> tuple[Result, str] | None:
        """Decide what lies under our key, by what we may have stored there ourselves.

        None when it may be other content of ours: then this content goes to the next revision.
        """
        if self.entry.upload:
            abort(self._means.archive, self.key, self.entry.upload)
        attempted = self.entry.attempted
        if not attempted:
            reason = (
                f"the archive already holds {self.key}, which this folder did not send; nothing "
                "was overwritten. `labsight verify` compares the two: if they differ, this one is "
                "sent as a revision"
            )
            self._settle(State.CONFLICT, reason)
            return Result.CONFLICT, reason
        whole = self.checksum(content)
        if attempted == {whole}:
            reason = (
                f"the archive holds {self.key}; that it is this file is not proven, the answer to "
                "an earlier attempt to send it was lost. `labsight verify` asks the archive"
            )
            self._settle(State.EXISTS, reason, revision=self.revision, crc64=whole, sent=None)
            return Result.EXISTS, reason
        self._settle(State.UPLOADING, revision=self.revision, crc64=None, sent=None)
        self.revision += 1
        self.key = self.candidate.key(self.revision)
        return None

    def _settle(self, state: State, reason: str = "", **changes: Any) -> None:
        self.note(
            state=state,
            reason=reason,
            upload=None,
            attempted=frozenset(),
            verified=None,
            drop_parts=True,
            **changes,
        )

    def checksum(self, content: Content) -> int:
        """Return the CRC-64 of the whole content."""
        whole = 0
        for start in range(0, self.size, BLOCK):
            self._means.moved(self.candidate.path, 0)
            whole = crc64(content.read(start, min(BLOCK, self.size - start)), whole)
        return whole

    def new_object(self) -> NewObject:
        """Describe the object to be made."""
        candidate = self.candidate
        return NewObject(
            key=self.key, content_type=candidate.content_type, metadata=candidate.metadata
        )


def abort(archive: Archive, key: str, upload: str) -> None:
    """Drop an open upload; without the right to, the bucket's own rule ends it after some days."""
    try:
        archive.abort(key, upload)
    except Denied:
        return
