"""Asks the archive about objects, and tells what is missing from what may not be seen."""

from collections.abc import Callable, Iterator
from typing import Protocol

from labsight_lab.sync.sending.archive import Denied, Reader, Stored


class Asker(Protocol):
    """The archive for somebody who may read it and list it."""

    def head(self, key: str) -> Stored | None:
        """Describe an object; None where there is none."""
        ...

    def blocks(self, key: str, etag: str) -> Iterator[bytes]:
        """Yield the bytes of this version of an object."""
        ...


class ListingAsker:
    """A reader that looks into the list of keys where S3 does not tell what it refuses.

    To whoever may not list the whole bucket, S3 answers 403 for a missing object, too.
    https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
    """

    def __init__(self, reader: Reader, is_listed: Callable[[str], bool]) -> None:
        self._reader, self._is_listed = reader, is_listed
        self.blocks = reader.blocks

    def head(self, key: str) -> Stored | None:
        """Describe an object; None where there is none. Raises Denied for what may not be seen."""
        try:
            return self._reader.head(key)
        except Denied:
            if self._is_listed(key):
                raise
            return None
