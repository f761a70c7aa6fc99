"""What is fuzzed: contents to begin with, and what is done with a changed one."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import cached_property
from random import Random

from labsight.errors import InvalidInput, NotFound, SlideError
from tests.fuzz.mutation import Mutator, Span

# What may come of a bad file or a bad question; anything else is a fault.
EXPECTED = (SlideError, InvalidInput, NotFound)


class Target(ABC):
    """One parser or decoder."""

    name: str

    @cached_property
    def seeds(self) -> tuple[bytes, ...]:
        """Contents that are as they should be, made once."""
        return tuple(self.make_seeds())

    @cached_property
    def hot(self) -> tuple[Sequence[Span], ...]:
        """Where changes matter most, for each seed."""
        return tuple(self.hot_of(number) for number in range(len(self.seeds)))

    @abstractmethod
    def make_seeds(self) -> Sequence[bytes]:
        """Return the contents to begin with."""

    @abstractmethod
    def run(self, number: int, content: bytes, chance: Random) -> None:
        """Do with a changed copy of a seed all that the product would; errors may leave it."""

    def hot_of(self, number: int) -> Sequence[Span]:
        """Return the places of a seed that matter most; everything, where all is alike."""
        return [(0, len(self.seeds[number]))]

    def case(self, number: int, seed: int = 0) -> "Case":
        """Return a case by its number."""
        return Case(self, number, seed)


class Case:
    """One changed content of a target; made anew from its numbers alone."""

    def __init__(self, target: Target, number: int, seed: int) -> None:
        self._target = target
        self._chance = Random(f"{seed} {target.name} {number}")
        self._which = self._chance.randrange(len(target.seeds))
        mutator = Mutator(self._chance, target.seeds)
        self.content = mutator.changed(target.seeds[self._which], target.hot[self._which])

    def run(self) -> bool:
        """Run it; return whether it was refused. Raises what is a fault."""
        try:
            self._target.run(self._which, self.content, self._chance)
        except EXPECTED:
            return True
        return False
