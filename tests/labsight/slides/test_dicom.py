"""DICOM slides: which frame is which tile of which plane."""

import io
import struct
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

from labsight.errors import DamagedSlide, NotASlide, UnsupportedSlide
from labsight.slides.axes import Channel
from labsight.slides.formats.dicom.series import is_dicom, read_dicom
from labsight.slides.index import DEFAULT_TILE_SIDE, Coding
from labsight.slides.pixels import jpeg
from labsight.slides.ranges import ObjectBytes
from tests.support.dicom_samples import (
    SIZE,
    TILE,
    coloured,
    grey,
    native,
    read_back,
    stack,
)
from tests.support.dicom_slides import (
    EXPLICIT,
    IMPLICIT,
    JPEG_2000,
    DicomFile,
    Light,
    Place,
    codestream,
    encapsulated,
    encoded,
    item,
    opened,
    picture,
    pixels_of,
    structure_of,
    text,
    tiles_of,
)


def test_jpeg_frames_are_tiles_as_they_are_stored() -> None:
    file = coloured()
    data = file.content()
    (level,) = read_dicom(opened(data)).levels
    assert level.stored
    assert (level.width, level.height, level.tile_width, level.columns) == (150, 100, 64, 3)
    chunks = level.planes[0]
    for number, frame in enumerate(file.frames):
        stored = data[chunks.offsets[number] :][: chunks.lengths[number]]
        sent = jpeg.complete(chunks.head, stored)
        assert sent[: len(frame)] == frame
        assert len(sent) - len(frame) in {0, 1}  # the padding to an even length


@pytest.mark.parametrize("table", ["basic", "extended", "none"])
@pytest.mark.parametrize("undefined", [False, True])
def test_frames_are_found_with_any_offset_table(*, table: str, undefined: bool) -> None:
    expected = read_back(coloured())
    assert np.array_equal(read_back(coloured(table=table, undefined=undefined)), expected)
    assert np.abs(expected.astype(int) - picture(*SIZE)).mean() < 4


def test_rgb_frames_get_the_marker_that_says_so() -> None:
    frames = [encoded(tile, keep_rgb=True) for tile in tiles_of(picture(*SIZE), TILE)]
    bare = [frame.replace(jpeg.ADOBE_RGB, b"") for frame in frames]
    assert bare != frames
    file = coloured(photometric="RGB", frames=bare)
    assert structure_of(file).levels[0].planes[0].head == jpeg.SOI + jpeg.ADOBE_RGB
    assert np.abs(read_back(file).astype(int) - picture(*SIZE)).mean() < 4


def test_frames_called_rgb_that_hold_subsampled_chroma_are_shown_as_what_they_hold() -> None:
    frames = [encoded(tile, subsampling="4:2:0") for tile in tiles_of(picture(*SIZE), TILE)]
    file = coloured(photometric="RGB", frames=frames)
    coding = structure_of(file).levels[0].coding
    assert coding is not None
    assert coding.colour == "ycbcr"
    assert np.abs(read_back(file).astype(int) - picture(*SIZE)).mean() < 6


def test_frames_called_rgb_that_browsers_take_for_ycbcr_are_not_sent() -> None:
    frames = [encoded(tile, subsampling="4:4:4") for tile in tiles_of(picture(*SIZE), TILE)]
    found = structure_of(coloured(photometric="RGB", frames=frames))
    assert (found.levels, found.reason) == (
        (),
        "its RGB frames call themselves JFIF, which is YCbCr",
    )


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT])
@pytest.mark.parametrize("undefined", [False, True])
def test_uncompressed_colours_are_read_to_the_last_bit(*, syntax: str, undefined: bool) -> None:
    file = native(picture(*SIZE), syntax=syntax, undefined=undefined)
    assert np.array_equal(read_back(file), picture(*SIZE))


def test_uncompressed_ycbcr_becomes_rgb() -> None:
    turned = np.asarray(Image.fromarray(picture(*SIZE)).convert("YCbCr"))
    assert (
        np.abs(read_back(native(turned, photometric="YBR_FULL")).astype(int) - picture(*SIZE)).max()
        < 4
    )


def test_jpeg_2000_frames_are_decoded_to_the_last_bit() -> None:
    frames = [codestream(tile) for tile in tiles_of(picture(*SIZE), TILE)]
    file = coloured(syntax=JPEG_2000, photometric="YBR_RCT", frames=frames)
    assert np.array_equal(read_back(file), picture(*SIZE))
    assert structure_of(file).levels[0].coding == Coding("jpeg2000")


def test_sixteen_bit_grey_is_a_channel_with_the_window_of_its_file() -> None:
    deep = (grey(1).astype(np.uint16) << 4) + 3
    window = {0x00281050: ("DS", text("2048")), 0x00281051: ("DS", text("1001"))}
    file = native(deep, stored=12, more=window)
    assert np.array_equal(read_back(file), deep)
    assert structure_of(file).axes.channels == (Channel("0", "FFFFFF", (1547.5, 2547.5)),)


def test_grey_of_eight_bits_in_one_light_is_no_channel() -> None:
    found = structure_of(native(grey(1)))
    assert found.axes.channels == ()
    glowing = native(grey(1), lights=(Light(identifier="0", fluorescent=True),))
    assert [one.name for one in structure_of(glowing).axes.channels] == ["0"]


def test_inverted_grey_is_decoded_and_not_sent() -> None:
    frames = [encoded(tile, quality=95) for tile in tiles_of(grey(1), TILE)]
    file = coloured(frames=frames, samples=1, photometric="MONOCHROME1")
    level = structure_of(file).levels[0]
    assert not level.stored
    assert np.abs(255 - read_back(file).astype(int) - grey(1)).mean() < 3


def test_grey_jpeg_frames_are_sent_as_they_are() -> None:
    frames = [encoded(tile, quality=95) for tile in tiles_of(grey(1), TILE)]
    file = coloured(frames=frames, samples=1, photometric="MONOCHROME2")
    assert structure_of(file).levels[0].stored
    assert np.abs(read_back(file).astype(int) - grey(1)).mean() < 3


def test_tiles_change_fastest_then_focal_planes_then_lights() -> None:
    planes = [grey(seed) for seed in range(6)]
    lights = (Light(identifier="a", description="DAPI"), Light(identifier="b"))
    file = stack(planes, lights=lights, focal=3, z=4.0, z_step=0.5)
    files = opened(file.content())
    found = read_dicom(files)
    assert [one.name for one in found.axes.channels] == ["DAPI", "b"]
    assert (found.axes.z, found.axes.z_step) == (3, 0.5)
    for channel in range(2):
        for z in range(3):
            shown = pixels_of(found, files, plane=found.axes.plane(channel, z))
            assert np.array_equal(shown, planes[channel * 3 + z])


def test_sparse_frames_stand_where_they_say() -> None:
    tiles = tiles_of(grey(1), TILE)
    there = [5, 0, 3]
    places = [
        Place(column=number % 3 * 64 + 1, row=number // 3 * 64 + 1, z=number * 0.1)
        for number in there
    ]
    file = native(grey(1), frames=[tiles[number].tobytes() for number in there], places=places)
    for undefined in (False, True):
        shown = read_back(replace(file, undefined=undefined))
        expected = np.zeros_like(shown)
        for number in there:
            row, column = divmod(number, 3)
            place = np.s_[row * 64 : row * 64 + 64, column * 64 : column * 64 + 64]
            expected[place] = grey(1)[place]
        assert np.array_equal(shown, expected)
    (level,) = structure_of(file).levels
    assert [bool(length) for length in level.planes[0].lengths] == [
        number in there for number in range(6)
    ]


def test_sparse_frames_name_their_light_and_focal_plane() -> None:
    planes = {(light, z): grey(ord(light) + z) for light in "ab" for z in (0, 2)}
    frames, places = [], []
    for (light, z), plane in reversed(planes.items()):
        for number, tile in enumerate(tiles_of(plane, TILE)):
            frames.append(tile.tobytes())
            column, row = number % 3 * 64 + 1, number // 3 * 64 + 1
            places.append(Place(column=column, row=row, z=z, path=light))
    lights = (Light(identifier="a"), Light(identifier="b"))
    files = opened(native(grey(1), frames=frames, places=places, lights=lights).content())
    found = read_dicom(files)
    assert (len(found.axes.channels), found.axes.z, found.axes.z_step) == (2, 2, 2.0)
    for (light, z), plane in planes.items():
        number = found.axes.plane("ab".index(light), z // 2)
        assert np.array_equal(pixels_of(found, files, plane=number), plane)


def test_sparse_frames_beside_the_grid_or_twice_at_a_place_are_left_to_openslide() -> None:
    tiles = [tile.tobytes() for tile in tiles_of(grey(1), TILE)][:2]
    off = [Place(column=1, row=1), Place(column=66, row=1)]
    found = structure_of(native(grey(1), frames=tiles, places=off))
    assert (found.levels, found.reason) == (
        (),
        "its frames do not stand side by side on one grid",
    )
    same = [Place(column=1, row=1)] * 2
    assert "the same place" in structure_of(native(grey(1), frames=tiles, places=same)).reason
    out = [Place(column=1, row=1), Place(column=513, row=1)]
    with pytest.raises(DamagedSlide, match="column 513, row 1"):
        structure_of(native(grey(1), frames=tiles, places=out))


@pytest.mark.parametrize(
    ("syntax", "name"),
    [("1.2.840.10008.1.2.1.99", "deflated"), ("1.2.840.10008.1.2.2", "big endian")],
)
def test_two_encodings_are_refused_by_name(syntax: str, name: str) -> None:
    with pytest.raises(UnsupportedSlide, match=f"a {name} DICOM file"):
        structure_of(coloured(syntax=syntax))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"syntax": "1.2.840.10008.1.2.5"}, "encoded as RLE"),
        ({"syntax": "1.2.840.10008.1.2.4.80"}, "encoded as JPEG-LS"),
        ({"syntax": "1.2.840.10008.1.2.4.201"}, "High-Throughput JPEG 2000"),
        ({"bits": 16, "stored": 12, "samples": 1, "photometric": "MONOCHROME2"}, "have 12 bits"),
        ({"photometric": "PALETTE COLOR", "samples": 1}, "kind PALETTE COLOR"),
        ({"more": {0x00280103: ("US", b"\1\0")}}, "signed"),
        (
            {"syntax": EXPLICIT, "photometric": "RGB", "more": {0x00280006: ("US", b"\1\0")}},
            "planes",
        ),
    ],
)
def test_what_cannot_be_served_by_range_has_a_reason(changes: dict[str, Any], reason: str) -> None:
    found = structure_of(coloured(**changes))
    assert found.levels == ()
    assert reason in found.reason


def test_frames_of_several_fragments_have_a_reason() -> None:
    frames = coloured().frames
    halves = [part for frame in frames for part in (frame[:100], frame[100:])]
    cut = coloured(frames=halves, table="none", more={0x00280008: ("IS", text("6"))})
    assert structure_of(cut).reason == "its frames are stored in several fragments each"


@pytest.mark.parametrize("cut", [1, 5])
def test_the_longest_or_last_frame_in_two_fragments_is_noticed_by_a_basic_table(cut: int) -> None:
    file = coloured()
    parts = [[frame + bytes(len(frame) % 2)] for frame in file.frames]
    parts[1][0] += bytes(2000)  # the longest by far
    parts[cut] = [parts[cut][0][:200], parts[cut][0][200:]]
    items = [b"".join(map(item, part)) for part in parts]
    starts = [sum(map(len, items[:n])) for n in range(len(items))]
    content = file.content()
    pixels = encapsulated(item(struct.pack("<6I", *starts)) + b"".join(items))
    found = read_dicom(opened(content[: content.index(b"\xe0\x7f\x10\x00")] + pixels))
    assert found.reason == "its frames are stored in several fragments each"


def test_small_frames_are_shown_in_tiles_of_the_usual_size() -> None:
    frames = [tile.tobytes() for tile in tiles_of(grey(1), (16, 16))]
    file = native(grey(1), frames=frames, tile=(16, 16))
    (level,) = structure_of(file).levels
    assert (level.tile_width, level.chunk_width) == (DEFAULT_TILE_SIDE, 16)
    assert np.array_equal(read_back(file), grey(1))


def test_what_is_no_dicom_file_is_told() -> None:
    (data,) = opened(b"II*\0" + bytes(200))
    assert not is_dicom(data)
    assert not is_dicom(opened(b"DICM")[0])
    with pytest.raises(NotASlide, match="does not start as a DICOM file does"):
        read_dicom([data])


def test_most_files_cost_three_reads() -> None:
    deep = np.random.default_rng(3).integers(0, 255, (1500, 2000, 3), np.uint8)
    frames = [encoded(tile, quality=95) for tile in tiles_of(deep, (512, 512))]
    file = DicomFile(frames=frames, size=(2000, 1500), tile=(512, 512))
    for table in ("basic", "extended"):
        (data,) = opened(replace(file, table=table).content())
        read_dicom([data])
        assert data.requests <= 3


def test_the_small_sample_of_highdicom_opens(real_data: Path) -> None:
    files = opened((real_data / "slides/highdicom-sm_image.dcm").read_bytes())
    found = read_dicom(files)
    assert found.scan.mpp == (0.499, 0.499)
    assert pixels_of(found, files).shape == (50, 50, 3)
    assert ImageCms.getOpenProfile(io.BytesIO(found.icc)).profile.xcolor_space.strip() == "RGB"
    assert isinstance(files[0], ObjectBytes)
    assert files[0].requests == 1
