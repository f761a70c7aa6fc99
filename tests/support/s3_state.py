"""What a stand-in for S3 holds, what it was asked, and what it is told to do."""

import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.support import s3_signature
from tests.support.s3_asked import Asked
from tests.support.s3_content import Piece
from tests.support.s3_faults import Fault, Faults, Met
from tests.support.s3_operations import Operations
from tests.support.s3_store import Described, Refused, Store, Stored

READING = frozenset({"GetObject", "HeadObject", "ListObjectsV2", "ListObjects", "DeleteObject"})
_MAKING = frozenset({"PutObject", "CompleteMultipartUpload"})


@dataclass
class State:
    """A server but for its listening: what it holds, what it was asked, what it is told to do.

    ``denied``: kinds of requests that get a 403; READING makes the rights put-only.
    ``clock_offset``: by how many seconds S3's clock is ahead. ``latency``: before each answer, in
    seconds. ``early``: refusals come before the body was read. ``unguarded``: keys that were made
    without If-None-Match.
    """

    store: Store
    operations: Operations
    secrets: Mapping[str, str]
    region: str
    denied: frozenset[str] = frozenset()
    clock_offset: float = 0.0
    latency: float = 0.0
    early: bool = False
    faults: Faults = field(default_factory=Faults)
    port: int = 0
    requests: Counter[str] = field(default_factory=Counter)
    received: Counter[str] = field(default_factory=Counter)  # bytes of bodies, by key
    unguarded: list[str] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    errors: list[BaseException] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    pieces: list[Piece] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def objects(self, bucket: str) -> dict[str, Stored]:
        """Return what a bucket holds now, by key."""
        return dict(self.store.bucket(bucket))

    def read(self, bucket: str, key: str) -> bytes:
        """Return an object's bytes."""
        return self.store.bucket(bucket)[key].read()

    def place(self, bucket: str, key: str, data: bytes) -> None:
        """Store an object as somebody else would, over whatever is there."""
        piece = Piece({"crc64nvme"})
        piece.add(data)
        piece.end()
        self.pieces.append(piece)
        self.store.put(bucket, key, Described(), piece, only_new=False)

    def flip_at_rest(self, bucket: str, key: str, position: int = 0) -> None:
        """Change a bit of a stored object behind its checksum's back."""
        for piece in self.store.bucket(bucket)[key].pieces:
            if position < piece.size:
                piece.flip(position)
                return
            position -= piece.size
        raise ValueError("the object is shorter")

    def bytes_received(self) -> int:
        """Return how many bytes of objects have come, cut requests included."""
        with self.lock:
            return self.received.total()

    def fail(self, *faults: Fault, seed: int = 0) -> Faults:
        """Let these faults happen from now on, in place of others."""
        self.faults = Faults(faults, seed)
        return self.faults

    def heard(self, asked: Asked) -> Met | None:
        """Count a request whose head has come."""
        with self.lock:
            self.requests[asked.kind] += 1
            self.asked.append(asked)
            if asked.kind in _MAKING and not asked.only_new:
                self.unguarded.append(asked.key)
        length = int(asked.headers.get("content-length", 0))
        return self.faults.of(asked.kind, asked.target, length)

    def refuse(self, asked: Asked) -> None:
        """Raise what is wrong with a request whatever its body is."""
        s3_signature.check(asked, self.secrets, self.region, time.time() + self.clock_offset)
        if asked.kind in self.denied:
            raise Refused(403, "AccessDenied", "Access Denied")

    def took(self, asked: Asked, count: int) -> None:
        """Count bytes of a body."""
        if asked.kind in {"PutObject", "UploadPart"}:
            with self.lock:
                self.received[asked.key] += count

    def new_piece(self, asked: Asked) -> Piece:
        """Return a place for a body."""
        upload = self.store.uploads.get(asked.query.get("uploadId", ""))
        piece = Piece(asked.needed() | ({upload.described.algorithm} if upload else set()))
        with self.lock:
            self.pieces.append(piece)
        return piece
