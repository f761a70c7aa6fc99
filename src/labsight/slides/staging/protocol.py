"""What the readers of file-bound slides ask of whoever keeps files on local disk."""

from typing import Protocol

from labsight.slides.index import SourceFile
from labsight.slides.staging.staged import StagedSlide


class Staging(Protocol):
    """Whole slide files on this machine."""

    def slide(self, files: tuple[SourceFile, ...]) -> StagedSlide:
        """Return a slide, ready to be read; ``files[0]`` is the one to open.

        Raises UnsupportedSlide when the files exceed the space, NotASlide or DamagedSlide when
        OpenSlide cannot open them, ObjectChanged when the store holds other versions.
        """
        ...
