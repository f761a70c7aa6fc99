"""The bytes of a DICOM file as they are walked through: read ahead, in ever larger requests."""

from labsight.slides.ranges import Bytes

FIRST = 256 << 10  # most headers, with their colour profiles; a request costs as much as 1 MiB
JUMP = 64 << 10  # after passing over a large value
LARGEST = 4 << 20  # while one value after the other is looked at


class Source:
    """Reads forward through one file; bytes that are passed over are not read."""

    def __init__(self, data: Bytes) -> None:
        self._data = data
        self._start = 0
        self._buffer = b""
        self._ahead = FIRST // 2

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return self._data.size

    def read(self, at: int, length: int) -> bytes:
        """Return exactly ``length`` bytes from ``at``; raise DamagedSlide when the file ends."""
        inside = at - self._start
        if inside < 0 or inside + length > len(self._buffer):
            self._fill(at, length)
            inside = 0
        return self._buffer[inside : inside + length]

    def some(self, at: int, length: int) -> tuple[bytes, int]:
        """Return a buffer and where ``at`` lies in it, with ``length`` bytes or what there is."""
        length = max(0, min(length, self.size - at))
        if at < self._start or at + length > self._start + len(self._buffer):
            self._fill(at, length)
        return self._buffer, at - self._start

    def aside(self, at: int, length: int) -> bytes:
        """Return bytes from anywhere, and stay where the walk is."""
        inside = at - self._start
        if inside >= 0 and inside + length <= len(self._buffer):
            return self._buffer[inside : inside + length]
        return self._data.read(at, length)

    def _fill(self, at: int, length: int) -> None:
        """Read on, twice as much as before while the walk goes on without large leaps."""
        end = self._start + len(self._buffer)
        doubled = min(2 * self._ahead, LARGEST)
        self._ahead = doubled if 0 <= at - end <= doubled or at < end else JUMP
        wanted = max(length, min(self._ahead, self.size - at))
        self._buffer = self._data.read(at, wanted)
        self._start = at
