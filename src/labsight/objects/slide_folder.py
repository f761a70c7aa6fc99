"""A lab's folder of slides, read in place under the keys that the archive would give them."""

import unicodedata
from pathlib import Path

from labsight import keys
from labsight.errors import InvalidInput
from labsight.objects.folder import FolderStore


class SlideFolder(FolderStore):
    """Files below ``root`` under ``slides/<source>/``; only for reading."""

    def __init__(self, root: Path, source: str) -> None:
        super().__init__(root, f"{keys.SLIDES}{source}/")
        self._source = source

    def _key(self, relative: str) -> str:
        return str(keys.SlideKey(self._source, relative))

    def _relative(self, key: str) -> str:
        parsed = keys.parse_slide(key)
        if parsed.source != self._source or parsed.revision != 1:
            raise InvalidInput(f"key {key[:80]!r} does not name a file of this folder")
        decomposed = unicodedata.normalize("NFD", parsed.path)
        written_so = not (self._root / parsed.path).exists() and (self._root / decomposed).exists()
        return decomposed if written_so else parsed.path
