"""What is asked of the archive, and how it may refuse.

Nothing here reads, replaces or deletes an object.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from labsight.errors import LabsightError, ObjectExists, SettingsError, StorageUnavailable
from labsight_lab.sync.sending.source import Body


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
    """The archive takes nothing at all: credentials, bucket, region or clock are wrong."""


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


@dataclass(frozen=True)
class Part:
    """One stored part of an open upload, as the archive names it."""

    number: int
    etag: str


class Archive(Protocol):
    """A store that makes objects once.

    All methods raise SettingsError for what concerns every file (credentials, rights, bucket),
    Unreachable when there is no network, Refused for what this file will not get, and
    StorageUnavailable for other failures. Whether an object was made is certain only after an
    Answer that is not ``retried``.
    """

    def put(self, new: NewObject, body: Body, crc32: int) -> None:
        """Make an object in one request; raise AlreadyThere."""
        ...

    def holds(self, key: str) -> bool:
        """Say whether a key is known to be taken; no, where the credentials do not let one look."""
        ...

    def begin(self, new: NewObject) -> str:
        """Open an upload in parts and return its id."""
        ...

    def put_part(self, key: str, upload: str, number: int, body: Body, crc32: int) -> Part:
        """Store one part, counted from 1; raise UploadGone."""
        ...

    def parts(self, key: str, upload: str) -> list[Part]:
        """List what an open upload holds; raise UploadGone."""
        ...

    def complete(self, key: str, upload: str, parts: list[Part], *, size: int, crc32: int) -> None:
        """Make the object out of its parts; raise AlreadyThere or UploadGone."""
        ...

    def open_uploads(self, key: str) -> list[str]:
        """List the ids of the uploads that are open under exactly this key."""
        ...

    def abort(self, key: str, upload: str) -> None:
        """Drop an open upload and its parts; one that is gone is no error."""
        ...
