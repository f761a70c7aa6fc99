"""An export as a folder of files."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from labsight.errors import Conflict
from labsight.slides.export.disk import (
    PART,
    name_finally,
    without_journal,
    write_all,
    writing,
)
from labsight.slides.export.journal import Journal
from labsight.slides.export.plan import Batch, Layer

_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0)
_RELATIVE = os.open in os.supports_dir_fd  # spares the kernel the way to each file


class FolderSink:
    """Files below ``final``, which is named ``final.part`` until all are written.

    ``last`` is called when the folder has its name, before the journal goes.
    """

    def __init__(
        self,
        final: Path,
        journal: Journal,
        layers: Sequence[Layer],
        last: Callable[[], None] | None = None,
    ) -> None:
        self._final = final
        self._part = final.with_name(final.name + PART)
        self._journal = journal
        self._layers = layers
        self._last = last
        self._folders: dict[int, int] = {}
        with writing(self._part):
            if not journal.resumed and os.path.lexists(self._part):
                raise Conflict(without_journal(self._part))
            self._part.mkdir(exist_ok=True)
            for layer in layers:
                (self._part / layer.folder).mkdir(exist_ok=True)
        if journal.resumed:
            self._check()

    def has(self, layer: int, number: int) -> bool:
        """Whether a file is written."""
        return self._journal.has(layer, number)

    def put(self, batch: Batch) -> int:
        """Write files."""
        layer, total = self._layers[batch.layer], 0
        with writing(self._part / layer.folder):
            folder = self._folder(batch.layer)
            for number, data in batch.tiles:
                name = layer.name(number)
                if folder is None:
                    file = os.open(self._part / layer.folder / name, _FLAGS, 0o666)
                else:
                    file = os.open(name, _FLAGS, 0o666, dir_fd=folder)
                try:
                    if os.write(file, data) < len(data):
                        os.lseek(file, 0, os.SEEK_SET)
                        write_all(file, data)
                finally:
                    os.close(file)
                total += len(data)
        self._journal.add([(batch.layer, number, 0, len(data), 0) for number, data in batch.tiles])
        return total

    def read(self, layer: int, number: int) -> bytes:
        """Return a file's content."""
        path = self._part / self._layers[layer].path(number)
        with writing(path):
            return path.read_bytes()

    def finish(self) -> None:
        """Give the folder its name."""
        self._close_folders()
        name_finally(self._part, self._final)
        if self._last is not None:
            self._last()
        self._journal.remove()

    def close(self) -> None:
        """Let go of folders and journal."""
        self._close_folders()
        self._journal.close()

    def _folder(self, layer: int) -> int | None:
        if not _RELATIVE:
            return None
        if layer not in self._folders:
            path = self._part / self._layers[layer].folder
            self._folders[layer] = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        return self._folders[layer]

    def _close_folders(self) -> None:
        while self._folders:
            os.close(self._folders.popitem()[1])

    def _check(self) -> None:
        """Have files written again that are no longer there as they were written."""
        for number, layer in enumerate(self._layers):
            with writing(self._part), os.scandir(self._part / layer.folder) as found:
                sizes = {one.name: one.stat().st_size for one in found if one.is_file()}
            for tile in range(layer.count):
                if self._journal.has(number, tile):
                    size = self._journal.entry(number, tile)[3]
                    if sizes.get(layer.name(tile)) != size:
                        self._journal.forget(number, tile)
