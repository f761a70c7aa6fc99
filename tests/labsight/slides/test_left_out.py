"""What a coarse level lacks is looked for in the next finer one, within bounds."""

from array import array

import numpy as np
import pytest
from PIL import Image

from labsight.slides.index import Chunks, Coding, Level, SlideIndex
from labsight.slides.pixels import left_out as module
from labsight.slides.pixels.left_out import LeftOut, left_out
from labsight.slides.pixels.render import ChunkPixels
from tests.support.chunked import Array, cut, picture

SIDE = 64  # px of a chunk


def slide_of(pictures: list[Array], lacking: list[tuple[int, int]]) -> tuple[SlideIndex, bytes]:
    """Return a slide of uncompressed levels without some chunks, (level, number) each."""
    content, levels = b"", []
    for number, pixels in enumerate(pictures):
        offsets, lengths = array("Q"), array("I")
        for place, part in enumerate(cut(pixels, SIDE, SIDE)):
            there = (number, place) not in lacking
            offsets.append(len(content) if there else 0)
            lengths.append(part.nbytes if there else 0)
            content += part.tobytes() if there else b""
        height, width = pixels.shape[:2]
        chunks = (Chunks(b"", offsets, lengths),)
        levels.append(Level(width, height, SIDE, SIDE, Coding("none"), SIDE, SIDE, chunks))
    index = SlideIndex(key="k", etag="e", size=1, format="tif", files=(), levels=tuple(levels))
    return index, content


def halves(count: int, width: int = 515, height: int = 390) -> list[Array]:
    finest = Image.fromarray(picture(width, height))
    found = [np.asarray(finest)]
    for number in range(1, count):
        step = 1 << number
        size = width // step, height // step
        whole = finest.crop((0, 0, size[0] * step, size[1] * step))
        found.append(np.asarray(whole.reduce(step)))
    return found


def drawn(index: SlideIndex, content: bytes, level: int) -> Array:
    pixels = ChunkPixels(index, lambda _, start, length: content[start : start + length])
    size = index.levels[level].width, index.levels[level].height
    return np.asarray(pixels.region(level, (0, 0, *size), size)).astype(int)


def test_it_stands_where_the_level_would_have_it() -> None:
    pictures = halves(2)
    index, content = slide_of(pictures, [(1, 0), (1, 4), (1, 19)])
    assert np.abs(drawn(index, content, 1) - pictures[1]).max() <= 1
    found = list(left_out(index, 1, 0, (0, 0, 257, 195)))
    assert found[0] == LeftOut((0, 0, 64, 64), (0, 0, 128, 128))
    # The last px of a level that was rounded down ends before the finer one does.
    assert found[-1] == LeftOut((256, 192, 1, 3), (512, 384, 2, 6))


def test_the_finest_level_has_nothing_to_go_by_and_glass_is_not_looked_at() -> None:
    pictures = halves(2)
    index, content = slide_of(pictures, [(0, 0), (0, 1), (0, 9), (0, 10), (1, 0)])
    assert not list(left_out(index, 0, 0, (0, 0, 515, 390)))
    assert not list(left_out(index, 1, 0, (0, 0, 257, 195)))
    assert (drawn(index, content, 1)[:64, :64] == 255).all()


def test_only_the_next_finer_level_is_looked_at() -> None:
    """Else one picture of a level that lacks all could need the whole slide."""
    index, content = slide_of(halves(3), [(2, 0), (1, 0), (1, 1), (1, 5), (1, 6)])
    assert (drawn(index, content, 2)[:64, :64] == 255).all()
    index, content = slide_of(halves(3), [(2, 0), (1, 0)])
    assert (drawn(index, content, 2)[:32, :32] == 255).all()
    assert (drawn(index, content, 2)[:64, 32:64] < 255).any()


def test_what_needs_too_much_stays_blank(monkeypatch: pytest.MonkeyPatch) -> None:
    every = [(1, number) for number in range(20)]
    index, content = slide_of(halves(2), every)
    assert len(list(left_out(index, 1, 0, (0, 0, 257, 195)))) == 20
    monkeypatch.setattr(module, "MAX_CHUNKS", 8)
    assert len(list(left_out(index, 1, 0, (0, 0, 257, 195)))) == 2
    assert (drawn(index, content, 1)[64:] == 255).all()
    monkeypatch.setattr(module, "MAX_PX", 100)
    assert not list(left_out(index, 1, 0, (0, 0, 257, 195)))
