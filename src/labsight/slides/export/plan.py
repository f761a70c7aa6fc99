"""What an export consists of: layers of tiles, and units of work that make them.

Everything that is written has a place (layer, number) which depends on nothing but the slide and
the options. So an export that was interrupted knows what is still lacking, and one that was goes
on to the very same bytes as one that was not.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

Has = Callable[[int, int], bool]  # (layer, number) -> whether it is written


@dataclass(frozen=True)
class Layer:
    """Tiles of one level, numbered row by row, or, with ``names``, some files of those names."""

    folder: str
    columns: int
    rows: int
    suffix: str = ".jpg"
    names: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        """How many tiles or files there can be."""
        return len(self.names) or self.columns * self.rows

    def name(self, number: int) -> str:
        """Return the file name of a tile, without its folder."""
        if self.names:
            return self.names[number]
        row, column = divmod(number, self.columns)
        return f"{column}_{row}{self.suffix}"

    def path(self, number: int) -> str:
        """Return the path of a tile below the export's root."""
        return f"{self.folder}/{self.name(number)}" if self.folder else self.name(number)


@dataclass(frozen=True)
class Batch:
    """Tiles of one layer, (number, bytes), that are written together."""

    layer: int
    tiles: Sequence[tuple[int, bytes]]


class Sink(Protocol):
    """Where an export is written; what was put once stays, however the process ends."""

    def has(self, layer: int, number: int) -> bool:
        """Whether this is written."""
        ...

    def put(self, batch: Batch) -> int:
        """Write tiles and note them as written; return the number of bytes."""
        ...

    def read(self, layer: int, number: int) -> bytes:
        """Return what was written."""
        ...

    def finish(self) -> None:
        """Give the whole its final name."""
        ...

    def close(self) -> None:
        """Let go of all files; an export that is not finished can be continued."""
        ...


class Unit(Protocol):
    """Some tiles that are made together; threads may make several units at once."""

    def lacks(self, has: Has) -> bool:
        """Whether there is something to do."""
        ...

    def make(self, has: Has) -> list[Batch]:
        """Return the tiles that are not written yet."""
        ...


@dataclass(frozen=True)
class Stage:
    """Units that do not need each other, but may need what former stages wrote.

    ``decoding`` says that they are work for a processor rather than for a disk.
    """

    units: Callable[[Sink], Iterator[Unit]]
    decoding: bool = False


@dataclass(frozen=True)
class Plan:
    """A whole export: its layers, how they are made, and how many tiles that will be."""

    layers: tuple[Layer, ...]
    stages: tuple[Stage, ...]
    tiles: int
    stored_bytes: int = 0  # of tiles that are copied: the disk must have room for them
    options: dict[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True)
class Written:
    """Small files that are made at once, such as descriptors."""

    layer: int
    contents: tuple[bytes, ...]

    def lacks(self, has: Has) -> bool:
        """Whether one of them is not there yet."""
        return not all(has(self.layer, number) for number in range(len(self.contents)))

    def make(self, has: Has) -> list[Batch]:
        """Return those that are not there yet."""
        tiles = [
            (number, content)
            for number, content in enumerate(self.contents)
            if not has(self.layer, number)
        ]
        return [Batch(self.layer, tiles)]
