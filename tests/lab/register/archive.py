"""An archive that was filled by sync, by another tool, or through the share; and a queue."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from labsight.keys import SlideKey
from labsight.objects import ObjectInfo, metadata
from labsight.objects.memory import MemoryStore
from labsight.objects.s3_errors import AccessDenied
from labsight.slides import units
from labsight.slides.import_queue import ImportQueue
from labsight.slides.units import Member, Unit
from labsight_lab.register.command import Means, RegisterOptions

URL = "https://sqs.eu-central-1.amazonaws.com/1/imports"


class Shelf(MemoryStore):
    """Objects; rights may be missing: to ``walk``, ``head``, ``read`` or ``write``."""

    def __init__(self) -> None:
        super().__init__()
        self.denied: set[str] = set()

    def walk(self, prefix: str = "", *, after: str = "") -> Iterator[ObjectInfo]:
        self._check("walk")
        yield from super().walk(prefix, after=after)

    def head(self, key: str) -> ObjectInfo:
        self._check("head")
        return super().head(key)

    def read(
        self, key: str, start: int = 0, length: int | None = None, *, etag: str | None = None
    ) -> bytes:
        self._check("read")
        return super().read(key, start, length, etag=etag)

    def write(
        self,
        key: str,
        data: bytes,
        *,
        content_type: str = "application/octet-stream",
        metadata: Mapping[str, str] | None = None,
        if_absent: bool = False,
    ) -> ObjectInfo:
        self._check("write")
        assert if_absent, "nothing is ever replaced"
        return super().write(
            key, data, content_type=content_type, metadata=metadata, if_absent=if_absent
        )

    def put(self, path: str, data: bytes = b"data", about: Mapping[str, str] | None = None) -> str:
        """Put a file under the key that sync would give it."""
        return self.put_key(key(path), data, about)

    def put_key(self, name: str, data: bytes, about: Mapping[str, str] | None = None) -> str:
        super().write(name, data, metadata=about)
        return name

    def put_all(
        self, files: Mapping[str, bytes], below: str = "", about: Mapping[str, str] | None = None
    ) -> list[str]:
        return [self.put(f"{below}{path}", data, about) for path, data in files.items()]

    def close(self, unit: str, kind: str, *paths: str) -> str:
        """Put the ``unit.json`` that names these files."""
        members = tuple(Member(path, 4) for path in paths)
        return self.put_key(unit, units.write(Unit(kind, members)))

    def _check(self, what: str) -> None:
        if what in self.denied:
            raise AccessDenied("the archive does not answer as it should")


@dataclass
class Queue:
    """An SQS queue that remembers what was put into it; it fails for the keys in ``failing``."""

    sent: list[tuple[str, bool]] = field(default_factory=list)
    failing: dict[str, Exception] = field(default_factory=dict)

    def send_message(self, *, QueueUrl: str, MessageBody: str) -> None:  # noqa: N803
        assert QueueUrl == URL
        message = json.loads(MessageBody)
        told = message["detail"]["object"]["key"]
        if told in self.failing:
            raise self.failing[told]
        self.sent.append((told, message.get("again", False)))


def means(shelf: Shelf, queue: Queue) -> Means:
    """Return the way to these."""

    def opened(options: RegisterOptions) -> ImportQueue:
        return ImportQueue(options.queue_url, queue)

    return Means(lambda _: shelf, opened)


def key(path: str, revision: int = 1) -> str:
    return str(SlideKey("scanner-1", path, revision))


def part_of(unit: str) -> dict[str, str]:
    """Return what sync writes with a part of a unit."""
    return metadata.of_part(unit)
