"""A target that is at fault, each time in the way it is called by."""

import os
from collections.abc import Sequence
from random import Random

from labsight.errors import DamagedSlide
from tests.fuzz.target import Case, Target
from tests.fuzz.worker import MEMORY

BAD = 3  # the case that makes it fail


class Faulty(Target):
    """Refuses most contents as it should."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._is_bad = False

    def make_seeds(self) -> Sequence[bytes]:
        return [b"0123456789"]

    def case(self, number: int, seed: int = 0) -> Case:
        self._is_bad = number == BAD
        return super().case(number, seed)

    def run(self, number: int, content: bytes, chance: Random) -> None:
        del number, content, chance
        if not self._is_bad:
            raise DamagedSlide("as it should be")
        if self.name == "breaks":
            raise KeyError(self.name)
        if self.name == "takes memory":
            bytearray(2 * MEMORY)
        if self.name == "dies":
            os.abort()
        while self.name == "hangs":
            pass
