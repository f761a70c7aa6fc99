"""The bytes of a request, handed out block by block to whoever sends them."""

from collections.abc import Callable, Iterable, Iterator

BLOCK = 256 << 10

# Gives a block out again in pieces, each when it may be sent.
Pace = Callable[[memoryview], Iterable[memoryview]]


class Body:
    """Bytes in memory as the body of a request, which may have to be sent more than once.

    ``moved`` is told, before each block, how many bytes are on their way when that one is too;
    ``at_end`` is called before the last bytes are handed out. Both may end the request by raising a
    TransferBreak. ``handed_out`` tells whether the last bytes ever were: from then on the archive
    may have the whole.
    """

    def __init__(
        self,
        data: bytes | bytearray | memoryview,
        moved: Callable[[int], None],
        at_end: Callable[[], None],
    ) -> None:
        self._data = memoryview(data)
        self._moved, self._at_end = moved, at_end
        self.handed_out = False

    def __len__(self) -> int:
        return len(self._data)

    def blocks(self, pace: Pace | None = None) -> Iterator[memoryview]:
        """Yield all bytes, from the first on, in blocks of 256 KiB or in the pieces of a pace."""
        last = max(0, len(self) - 1) // BLOCK * BLOCK
        for start in range(0, last, BLOCK):
            yield from self._block(start, pace)
        held: memoryview | None = None
        for piece in self._block(last, pace):
            if held is not None:
                yield held
            held = piece
        self._at_end()
        self.handed_out = True
        if held is not None:
            yield held

    def tick(self) -> None:
        """Let whoever listens end the request while nothing moves."""
        self._moved(0)

    def _block(self, start: int, pace: Pace | None) -> Iterable[memoryview]:
        block = self._data[start : start + BLOCK]
        self._moved(start + len(block))
        return pace(block) if pace and block else (block,)
