"""Exports that were killed when all was written and named, but not yet cleared up."""

from collections.abc import Callable
from pathlib import Path

from labsight.errors import NotFound
from labsight.slides.export.disk import JOURNAL, PART, writing
from labsight.slides.export.journal import Journal
from labsight.slides.export.plan import Batch


def is_named(final: Path) -> bool:
    """Whether ``final`` is whole, and only its journal is still there."""
    part = final.with_name(final.name + PART)
    journal = part.with_name(part.name + JOURNAL)
    if not (journal.exists() and final.exists()):
        return False
    return not part.exists() or (part.is_file() and part.samefile(final))


class NamedSink:
    """A whole export: nothing is written to it any more."""

    def __init__(
        self, final: Path, journal: Journal, last: Callable[[], None] | None = None
    ) -> None:
        self._part = final.with_name(final.name + PART)
        self._journal = journal
        self._last = last

    def has(self, layer: int, number: int) -> bool:
        """Whether this was written: all that is to be written was."""
        del layer, number
        return True

    def put(self, batch: Batch) -> int:
        """Write nothing."""
        del batch
        return 0

    def read(self, layer: int, number: int) -> bytes:
        """Refuse: nothing is made from it any more."""
        raise NotFound(f"tile {number} of layer {layer}: this export is finished")

    def finish(self) -> None:
        """Do what was left to do."""
        with writing(self._part):
            self._part.unlink(missing_ok=True)
        if self._last is not None:
            self._last()
        self._journal.remove()

    def close(self) -> None:
        """Let go of the journal."""
        self._journal.close()
