"""Slides that only OpenSlide reads: what is damaged in one costs no more than itself."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import openslide
import pytest

from labsight.errors import DamagedSlide, ObjectChanged, ObjectMissing, SlideError
from labsight.objects import ObjectInfo, ObjectStore
from labsight.objects.folder import FolderStore
from labsight.objects.memory import MemoryStore
from labsight.slides.formats.tiff import stripped
from labsight.slides.index import SourceFile
from labsight.slides.indexing import index_of
from labsight.slides.pixels.render import FilePixels
from labsight.slides.preparing import prepare
from labsight.slides.staging.scratch import Scratch
from labsight.slides.staging.staged import StagedSlide
from tests.support.deflated import make_deflated

KEY = "slides/lab/a.svs"


def staged(
    tmp_path: Path, content: bytes, store: ObjectStore | None = None
) -> tuple[StagedSlide, ObjectInfo]:
    store = store or MemoryStore()
    info = store.write(KEY, content)
    scratch = Scratch(store, tmp_path / "scratch", 1 << 30)
    return scratch.slide((SourceFile(info.key, info.etag, info.size),)), info


def colour(slide: StagedSlide, tile: int = 0) -> object:
    box = (tile % 4 * 256, tile // 4 * 256, 256, 256)
    return FilePixels(slide).region(0, box, (1, 1)).getpixel((0, 0))


def test_a_damaged_tile_leaves_the_others_readable(tmp_path: Path) -> None:
    slide, _ = staged(tmp_path, make_deflated(bad_tiles=[5]))
    for tile in (0, 5, 0, 5, 6):
        if tile == 5:
            with pytest.raises(DamagedSlide, match="OpenSlide"):
                colour(slide, tile)
        else:
            assert colour(slide, tile) == (200, 30, 30)


def test_a_damaged_tile_leaves_what_is_told_of_the_slide(tmp_path: Path) -> None:
    slide, _ = staged(tmp_path, make_deflated(bad_tiles=[5], label=(40, 30)))
    with pytest.raises(DamagedSlide):
        colour(slide, 5)
    assert slide.levels == ((1024, 768),)
    assert slide.properties["openslide.vendor"] == "aperio"
    assert slide.associated["label"] == (40, 30)


def test_no_message_tells_where_the_copy_lies(tmp_path: Path) -> None:
    slide, _ = staged(tmp_path, make_deflated(bad_tiles=[5]))
    with pytest.raises(DamagedSlide) as caught:
        colour(slide, 5)
    assert str(tmp_path) not in caught.value.message


def imported(tmp_path: Path, content: bytes) -> set[str]:
    """Return the names of the pictures that an import keeps."""
    store = MemoryStore()
    store.write(KEY, content)
    scratch = Scratch(store, tmp_path, 1 << 30)
    return set(prepare(store, scratch, index_of(store, KEY, scratch)).pictures)


def test_a_label_is_kept(tmp_path: Path) -> None:
    assert imported(tmp_path, make_deflated(label=(40, 30))) == {"label", "thumbnail"}


def test_an_unreadable_label_is_left_out_and_the_slide_is_kept(tmp_path: Path) -> None:
    content = make_deflated(label=(40, 30), bad_label=True)
    assert imported(tmp_path, content) == {"thumbnail"}


def test_an_immense_label_is_left_out_unread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(*_arguments: object) -> bytes:
        raise AssertionError("the label was read")

    monkeypatch.setattr(stripped, "_alone", read)
    assert imported(tmp_path, make_deflated(label=(9000, 3000))) == {"thumbnail"}


@pytest.mark.parametrize("method", ["levels", "properties", "associated", "region", "picture"])
def test_every_failure_of_openslide_is_an_error_of_ours(
    method: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slide, _ = staged(tmp_path, make_deflated(label=(40, 30)))
    asked: dict[str, Callable[[], object]] = {
        "levels": lambda: slide.levels,
        "properties": lambda: slide.properties,
        "associated": lambda: slide.associated,
        "region": lambda: slide.region(0, (0, 0, 9, 9)),
        "picture": lambda: slide.picture("label"),
    }

    def fails(*_args: object) -> object:
        raise openslide.OpenSlideError("nobody thought of this")

    names = ("level_dimensions", "properties", "associated_images")
    with monkeypatch.context() as patch:
        for name in names:
            patch.setattr(openslide.OpenSlide, name, property(fails))
        patch.setattr(openslide.OpenSlide, "read_region", fails)
        with pytest.raises(SlideError, match="nobody thought of this"):
            asked[method]()
    assert slide.levels == ((1024, 768),)


@pytest.mark.parametrize("level", [-1, 1])
def test_a_level_that_the_file_lacks_is_damage(level: int, tmp_path: Path) -> None:
    slide, _ = staged(tmp_path, make_deflated())
    with pytest.raises(DamagedSlide, match=f"level {level}"):
        slide.region(level, (0, 0, 9, 9))


def test_a_file_opened_in_place_is_the_version_asked_for(tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "root")
    scratch = Scratch(store, tmp_path / "scratch", 0)
    old = store.write(KEY, make_deflated(colour=(200, 30, 30)))
    slide = scratch.slide((SourceFile(old.key, old.etag, old.size),))
    assert colour(slide) == (200, 30, 30)
    new = store.write(KEY, make_deflated(colour=(30, 200, 30), size=(2048, 1536)))
    with pytest.raises(ObjectChanged):
        colour(slide)
    with pytest.raises(ObjectChanged):
        scratch.slide((SourceFile(old.key, old.etag, old.size),))
    assert scratch._entries == {}  # nor does the old file stay open
    assert colour(scratch.slide((SourceFile(new.key, new.etag, new.size),))) == (30, 200, 30)


def test_a_file_that_became_something_else_has_changed_and_is_not_damaged(tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "root")
    scratch = Scratch(store, tmp_path / "scratch", 0)
    old = store.write(KEY, make_deflated())
    store.write(KEY, b"Dear colleague, the slide is attached.")
    with pytest.raises(ObjectChanged):
        scratch.slide((SourceFile(old.key, old.etag, old.size),))


def test_a_file_that_is_gone_is_missing(tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "root")
    slide, _ = staged(tmp_path, make_deflated(), store)
    (tmp_path / "root" / KEY).unlink()
    with pytest.raises(ObjectMissing):
        colour(slide)


def test_regions_are_the_pixels_of_the_level(tmp_path: Path) -> None:
    slide, _ = staged(tmp_path, make_deflated(levels=(1, 4)))
    assert slide.levels == ((1024, 768), (256, 192))
    region = np.asarray(FilePixels(slide).region(1, (0, 0, 256, 192), (256, 192)))
    assert region.min(axis=(0, 1)).tolist() == region.max(axis=(0, 1)).tolist() == [200, 30, 30]
