"""Changes bytes as damage and malice do: seeded, so that a number tells the same case for ever."""

import struct
from collections.abc import Callable, Sequence
from random import Random

# What goes wrong at the edges of arithmetic: signs, sizes of fields, one less and one more.
_EDGES = (0, 1, 2, 7, 8, 15, 16, 127, 128, 255, 256, 512, 4095, 4096, 32767, 32768, 65535, 65536,
          (1 << 24) - 1, 1 << 24, 1 << 26, (1 << 31) - 1, 1 << 31, (1 << 32) - 1, 1 << 32,
          1 << 40, 1 << 60, (1 << 63) - 1, 1 << 63, (1 << 64) - 1)  # fmt: skip
_WIDTHS = {1: "B", 2: "H", 4: "I", 8: "Q"}
_CHANGES = (1, 1, 1, 2, 2, 3, 6)  # few at once: many are mostly refused by the first check
_LONGEST_SPAN = 64  # bytes that are moved, repeated or taken out at once
_HOT = 0.9  # share of the changes that are made where a reader looks

Span = tuple[int, int]  # first byte, behind the last


class Mutator:
    """Makes one changed copy of a content; ``hot`` are the places that matter most in it."""

    def __init__(self, chance: Random, others: Sequence[bytes]) -> None:
        self._chance = chance
        self._others = others
        self._ways: tuple[Callable[[bytearray, int], None], ...] = (
            self._flip, self._flip, self._number, self._number, self._number, self._byte,
            self._digits, self._remove, self._repeat, self._blank, self._splice, self._cut,
        )  # fmt: skip

    def changed(self, content: bytes, hot: Sequence[Span]) -> bytes:
        """Return the content with one to six changes."""
        found = bytearray(content)
        for _ in range(self._chance.choice(_CHANGES)):
            if found:
                self._chance.choice(self._ways)(found, self._place(found, hot))
        return bytes(found)

    def _place(self, content: bytearray, hot: Sequence[Span]) -> int:
        if hot and self._chance.random() < _HOT:
            first, end = self._chance.choice(hot)
            return min(self._chance.randrange(first, end), len(content) - 1)
        return self._chance.randrange(len(content))

    def _flip(self, content: bytearray, at: int) -> None:
        content[at] ^= 1 << self._chance.randrange(8)

    def _byte(self, content: bytearray, at: int) -> None:
        any_value = self._chance.randrange(256)
        content[at] = self._chance.choice((0, 1, 0x7F, 0x80, 0xFE, 0xFF, any_value))

    def _number(self, content: bytearray, at: int) -> None:
        """Write an edge of arithmetic, or what the content's own size makes one, as a field."""
        width = self._chance.choice((1, 2, 4, 8))
        value = self._chance.choice((*_EDGES, len(content), len(content) - 1, at))
        value = max(0, value + self._chance.choice((-1, 0, 0, 0, 1))) % (1 << 8 * width)
        order = self._chance.choice("<>")
        at -= at % self._chance.choice((1, 2, width))
        field = struct.pack(order + _WIDTHS[width], value)
        content[at : at + width] = field[: len(content) - at]

    def _digits(self, content: bytearray, at: int) -> None:
        """Change a number that is written in text, near a place."""
        for place in range(at, min(at + 200, len(content))):
            if 0x30 <= content[place] <= 0x39:
                value = self._chance.choice((*_EDGES, -1, "1e308", "nan", "0.5"))
                content[place : place + 1] = str(value).encode()
                return

    def _remove(self, content: bytearray, at: int) -> None:
        del content[at : at + self._chance.randint(1, _LONGEST_SPAN)]

    def _repeat(self, content: bytearray, at: int) -> None:
        span = bytes(content[at : at + self._chance.randint(1, _LONGEST_SPAN)])
        content[at:at] = span * self._chance.choice((1, 1, 2, 50))

    def _blank(self, content: bytearray, at: int) -> None:
        length = min(self._chance.randint(1, _LONGEST_SPAN), len(content) - at)
        content[at : at + length] = bytes([self._chance.choice((0, 0xFF))]) * length

    def _splice(self, content: bytearray, at: int) -> None:
        """Put a part of another content, or of another place, over this one."""
        other = self._chance.choice([*self._others, bytes(content)]) or b"\0"
        start = self._chance.randrange(len(other))
        span = other[start : start + self._chance.randint(1, _LONGEST_SPAN)]
        content[at : at + self._chance.choice((0, len(span)))] = span

    def _cut(self, content: bytearray, at: int) -> None:
        if self._chance.random() < 0.3:  # else hardly anything would be left of most contents
            del content[at:]
