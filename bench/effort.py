"""How much is done for a figure."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Effort:
    """``quick`` is for trying: few rounds, figures that wander."""

    quick: bool = False

    def of(self, full: int, quick: int) -> int:
        """Return how often something is done."""
        return quick if self.quick else full
