"""Imports a slide out of an object store; a worker for one run."""

import tempfile
from pathlib import Path

from bench import object_client
from bench.ours import imported, local


class Import:
    """Imports as the importer of the archive does: index, pictures, barcode, quality, row."""

    def __init__(self, endpoint: str, key: str) -> None:
        self._store, self._key = object_client.store(endpoint), key

    def remote(self) -> int:
        """Import out of the object store and into it; return how many levels were found."""
        with tempfile.TemporaryDirectory() as cache:
            return len(imported(self._store, self._key, Path(cache)).levels)

    def local(self, slide: str) -> int:
        """Import a file of this machine; return how many levels were found."""
        with tempfile.TemporaryDirectory() as cache:
            return len(imported(*local(Path(slide), Path(cache)), Path(cache)).levels)
