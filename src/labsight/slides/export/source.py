"""The slide that is exported, opened from wherever it lies."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from labsight.slides import sources
from labsight.slides.formats.structure import Picture
from labsight.slides.index import SlideIndex
from labsight.slides.indexed_files import IndexedFiles, ReadFile
from labsight.slides.pixels import render
from labsight.slides.pixels.of_slide import SlidePixels
from labsight.slides.preparing import with_windows
from labsight.slides.staging.scratch import temporary_scratch

_NOT_IN_NAMES = re.compile(r'[\\/:*?"<>|\x00-\x1f\x7f]')


@dataclass(frozen=True, kw_only=True)
class ExportSource:
    """An opened slide. ``name`` is a file name without its suffix; ``parallel`` reads at once."""

    name: str
    index: SlideIndex
    pictures: Mapping[str, Picture]
    icc: bytes
    read: ReadFile
    pixels: SlidePixels
    parallel: int

    @property
    def version(self) -> str:
        """A text that changes whenever one of the slide's files does."""
        told = "\n".join(f"{one.etag} {one.size}" for one in self.index.files)
        return hashlib.sha256(f"{self.index.etag}\n{told}".encode()).hexdigest()[:32]


@contextmanager
def opened(uri: str) -> Iterator[ExportSource]:
    """Open a slide by path or address; raise what ``labsight.slides.reader`` raises."""
    with sources.naming(uri), _opened(uri) as slide:
        yield slide


@contextmanager
def _opened(uri: str) -> Iterator[ExportSource]:
    source = sources.find(uri)
    scratch = temporary_scratch(source.store)
    try:
        indexed = source.indexed(scratch)

        def pixels_of(index: SlideIndex) -> SlidePixels:
            return SlidePixels(
                source.store,
                index,
                lambda: scratch,
                max_tiles=render.MAX_THUMBNAIL_TILES,
            )

        index = with_windows(indexed.index, pixels_of(indexed.index))
        yield ExportSource(
            name=_stem(source.name),
            index=index,
            pictures=indexed.pictures,
            icc=indexed.icc,
            read=IndexedFiles(source.store, index).read,
            pixels=pixels_of(index),
            parallel=source.store.parallel,
        )
    finally:
        scratch.close()
        source.close()


def _stem(name: str) -> str:
    """Return a name for files made from a slide: that of the slide without what tells its kind."""
    stem = name.removesuffix(".ome.tiff").removesuffix(".ome.tif")
    stem = Path(stem).stem if stem == name else stem
    stem = _NOT_IN_NAMES.sub("_", stem).strip(" .")
    return stem[:100] or "slide"
