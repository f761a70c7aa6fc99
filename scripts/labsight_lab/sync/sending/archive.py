"""What is asked of the archive, and how it may refuse.

Sending makes objects and nothing else: it reads, replaces and deletes none. Reading, for who may,
is a protocol of its own.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from labsight.errors import LabsightError, ObjectExists, SettingsError, StorageUnavailable
from labsight_lab.sync.journal.entries import Part
from labsight_lab.sync.sending.body import Body


class Answer(Exception):
    """A refusal by the archive itself: this attempt of the request stored nothing.

    ``retried``: an earlier attempt was left unanswered or failed, and may have stored something.
    """

    retried: bool = False


class AlreadyThere(Answer, ObjectExists):
    """The key is taken."""


class Denied(Answer, SettingsError):
    """The archive knows who asks and does not allow it."""


class Rejected(Answer, SettingsError):
    """The archive takes nothing at all: credentials, bucket, region, clock or key are wrong."""


class Unreachable(StorageUnavailable):
    """No answer at all: waiting is the only remedy, for every file alike."""


class Refused(Answer, LabsightError):
    """The archive does not take this file as it came."""


class UploadGone(Answer):
    """The archive knows no such open upload: it was completed, aborted or has expired."""


@dataclass(frozen=True, kw_only=True)
class NewObject:
    """What is said about an object when it is made. The metadata is ASCII."""

    key: str
    content_type: str
    metadata: Mapping[str, str]


class Archive(Protocol):
    """A store that makes objects once. Checksums are CRC-64/NVME.

    All methods raise SettingsError for what concerns every file (credentials, rights, bucket),
    Unreachable when there is no network, Refused for what this file will not get, and
    StorageUnavailable for other failures. Whether an object was made is certain only after an
    Answer that is not ``retried``.
    """

    def put(self, new: NewObject, body: Body, crc64: int) -> None:
        """Make an object in one request; raise AlreadyThere."""
        ...

    def holds(self, key: str) -> bool:
        """Say whether a key is known to be taken; no, where the credentials do not let one look."""
        ...

    def begin(self, new: NewObject) -> str:
        """Open an upload in parts and return its id."""
        ...

    def put_part(self, key: str, upload: str, number: int, body: Body, crc64: int) -> Part:
        """Store one part, counted from 1; raise UploadGone."""
        ...

    def parts(self, key: str, upload: str) -> list[Part]:
        """List what an open upload holds; raise UploadGone."""
        ...

    def complete(self, key: str, upload: str, parts: list[Part], *, size: int, crc64: int) -> None:
        """Make the object out of its parts; raise AlreadyThere or UploadGone."""
        ...

    def open_uploads(self, key: str) -> list[str]:
        """List the ids of the uploads that are open under exactly this key."""
        ...

    def abort(self, key: str, upload: str) -> None:
        """Drop an open upload and its parts; one that is gone is no error."""
        ...


@dataclass(frozen=True, kw_only=True)
class Stored:
    """An object as the archive tells of it.

    ``size`` is in bytes. ``crc64`` is None for what was stored without this checksum. ``metadata``
    has names in lower case. ``etag`` changes with the content.
    """

    size: int
    crc64: int | None
    metadata: Mapping[str, str]
    etag: str


class Reader(Protocol):
    """The archive for somebody who may read it.

    All methods raise SettingsError for what concerns every object, among them Denied, Unreachable
    when there is no network, and StorageUnavailable for other failures.
    """

    def head(self, key: str) -> Stored | None:
        """Describe an object; None where there is none under this key.

        Who may not list the bucket hears Denied of a missing object, too: S3 keeps it from them.
        """
        ...

    def blocks(self, key: str, etag: str) -> Iterator[bytes]:
        """Yield the bytes of this version of an object, some MiB at a time.

        Raises ObjectMissing, and ObjectChanged when it is another version by now.
        """
        ...
