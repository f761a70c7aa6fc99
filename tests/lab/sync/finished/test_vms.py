"""VMS and VMU: the list names its images, and each of them is written to its end."""

import io
from pathlib import Path

import openslide
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labsight_lab.sync.finished.vms import names_in, unfinished, unfinished_jpeg, unfinished_ngr
from tests.support.laid import lay
from tests.support.vms import make_vms
from tests.support.vmu import make_vmu

VMS, VMU = make_vms(), make_vmu()
JPEG, NGR = VMS["scan_0.jpg"], VMU["scan_0.ngr"]
LAYERS = b"""[Virtual Microscope Specimen]
NoLayers=2
ImageFile=a_0.jpg
ImageFile(1,0)=a_1.jpg
ImageFile(1,0,0)=a_z1.jpg
MapFile=a_map.jpg
MacroImage=a_macro.jpg
OptimisationFile=a.opt
AuthCode=ImageFile
"""


def test_the_made_slide_is_one(tmp_path: Path) -> None:
    lay(tmp_path, VMU)
    with openslide.OpenSlide(tmp_path / "scan.vmu") as slide:
        assert slide.level_dimensions == ((64, 48), (16, 12))


def test_a_list_names_the_images_of_all_planes() -> None:
    needed = ("a_0.jpg", "a_1.jpg", "a_z1.jpg", "a_map.jpg", "a_macro.jpg")
    assert names_in(io.BytesIO(LAYERS)) == (needed, ("a.opt",))
    assert names_in(io.BytesIO(VMU["scan.vmu"])) == (("scan_0.ngr", "scan_map.ngr"), ())


@given(st.binary(max_size=300))
def test_any_bytes_are_a_list_of_something(data: bytes) -> None:
    needed, helpful = names_in(io.BytesIO(data))
    assert not needed
    assert not helpful


def test_a_list_without_images_is_unfinished(tmp_path: Path) -> None:
    assert unfinished(tmp_path, lay(tmp_path, {"scan.vms": VMS["scan.vms"]})) is None
    begun = lay(tmp_path, {"scan.vms": b"[Virtual Microscope Specimen]\nNoLayers=1\n"})
    assert unfinished(tmp_path, begun) == "it names no image yet"


def test_a_jpeg_is_finished_when_its_end_is_there() -> None:
    assert unfinished_jpeg(io.BytesIO(JPEG), len(JPEG)) is None
    padded = JPEG + bytes(1000)
    assert unfinished_jpeg(io.BytesIO(padded), len(padded)) is None
    assert all(unfinished_jpeg(io.BytesIO(JPEG[:cut]), cut) for cut in range(len(JPEG)))


def test_the_end_of_a_thumbnail_is_not_the_end_of_the_picture() -> None:
    with_thumbnail = JPEG[:2] + b"\xff\xe1\x40\x00Exif" + JPEG + JPEG[2:]
    assert unfinished_jpeg(io.BytesIO(with_thumbnail), len(with_thumbnail)) is None
    cut = len(with_thumbnail) - 2
    assert unfinished_jpeg(io.BytesIO(with_thumbnail[:cut]), cut)


def test_pixels_are_finished_when_all_are_there() -> None:
    assert unfinished_ngr(io.BytesIO(NGR), len(NGR)) is None
    assert unfinished_ngr(io.BytesIO(NGR + b"more"), len(NGR) + 4) is None
    for cut in (*range(100), len(NGR) // 2, len(NGR) - 1):
        assert unfinished_ngr(io.BytesIO(NGR[:cut]), cut)


@pytest.mark.parametrize("check", [unfinished_jpeg, unfinished_ngr])
def test_another_format_is_left_to_the_import(check: type) -> None:
    data = b"something else" * 10
    assert check(io.BytesIO(data), len(data)) is None
    assert check(io.BytesIO(bytes(99)), 99) == "its header is not written yet"


@given(st.binary(max_size=100))
def test_any_bytes_are_answered(data: bytes) -> None:
    for check in (unfinished_jpeg, unfinished_ngr):
        assert isinstance(check(io.BytesIO(data), len(data)), str | None)
        assert isinstance(check(io.BytesIO(b"GN" + data), len(data) + 2), str | None)
