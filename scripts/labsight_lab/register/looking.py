"""What lies in the archive, told by its lists: S3 answers to nothing else about missing keys."""

from collections.abc import Iterator
from contextlib import contextmanager

from labsight.errors import SettingsError
from labsight.objects import ObjectInfo, ObjectStore
from labsight.objects.s3_errors import AccessDenied


class Looker:
    """Finds objects of one bucket.

    Raises SettingsError when the credentials may not look, StorageUnavailable when S3 fails.
    """

    def __init__(self, store: ObjectStore) -> None:
        self.store = store

    def find(self, key: str) -> ObjectInfo | None:
        """Return an object; to who may list a prefix alone, a HEAD would tell nothing."""
        first = next(iter(self._listed(key)), None)
        return first if first is not None and first.key == key else None

    def below(self, prefix: str) -> list[ObjectInfo]:
        """Return all objects under a prefix, in the order of their keys."""
        return list(self._listed(prefix))

    def metadata(self, key: str) -> dict[str, str]:
        """Return what was written with an object."""
        with told("s3:GetObject"):
            return dict(self.store.head(key).metadata)

    def content(self, key: str, most: int) -> bytes:
        """Return the first bytes of an object."""
        with told("s3:GetObject"):
            return self.store.read(key, 0, most)

    def _listed(self, prefix: str) -> Iterator[ObjectInfo]:
        with told("s3:ListBucket"):
            yield from self.store.walk(prefix)


@contextmanager
def told(right: str) -> Iterator[None]:
    """Say which right is missing."""
    try:
        yield
    except AccessDenied as denied:
        raise SettingsError(
            f"AWS does not allow {right} to these credentials; registering takes s3:ListBucket, "
            "s3:GetObject, s3:PutObject for unit.json and sqs:SendMessage, which the stack's role "
            "`registrar` has: name a profile with it by --profile"
        ) from denied
