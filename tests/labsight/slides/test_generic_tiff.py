import io
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image

from labsight.errors import DamagedSlide, UnsupportedSlide
from labsight.slides.axes import Channel
from labsight.slides.formats.tiff.slide import read_tiff
from tests.support import made_tiffs
from tests.support.made_slides import picture
from tests.support.made_tiffs import (
    DEFLATE,
    JPEG,
    LZW,
    PACKBITS,
    ZSTD,
    jpeg_of,
    make_pyramid,
    stripped,
    tiled,
)
from tests.support.tiff_reading import data_of, pixels_of, structure_of, worst
from tests.support.tiff_writer import Order, Page, write

GREY16 = np.arange(300 * 200, dtype=np.uint16).reshape(200, 300) * 7


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("order", ["<", ">"])
def test_a_pyramid_is_read_in_every_byte_order_and_size(big: bool, order: Order) -> None:
    made = make_pyramid(big=big, order=order)
    structure = structure_of(made.content)
    assert [(one.width, one.height) for one in structure.levels] == [
        (1000, 700),
        (500, 350),
        (250, 175),
    ]
    assert all(one.stored for one in structure.levels)
    for number, expected in enumerate(made.levels):
        assert worst(pixels_of(structure, made.content, level=number), expected) < 30
    assert not structure.identifying
    assert structure.axes.channels == ()


def test_chunks_are_the_bytes_that_were_stored() -> None:
    made = make_pyramid(factors=(1,))
    level = structure_of(made.content).levels[0]
    chunks = level.planes[0]
    tiles = list(made_tiffs.tiles_of(made.levels[0], 256))
    for number, tile in enumerate(tiles):
        start = chunks.offsets[number]
        stored = made.content[start : start + chunks.lengths[number]]
        assert chunks.head + stored[2:] == jpeg_of(tile)


PACKED: dict[str, tuple[int, Callable[[Any], bytes]]] = {
    "none": (1, made_tiffs.raw),
    "deflate": (DEFLATE, lambda part: zlib.compress(part.tobytes())),
    "old deflate": (32946, lambda part: zlib.compress(part.tobytes())),
    "lzw": (LZW, lambda part: through_pillow(part, "tiff_lzw")),
    "packbits": (PACKBITS, lambda part: through_pillow(part, "packbits")),
    "zstd": (ZSTD, lambda part: through_pillow(part, "zstd")),
}


def through_pillow(part: Any, compression: str) -> bytes:
    """Return one strip as Pillow's TIFF writer packs it."""
    file = io.BytesIO()
    Image.fromarray(part).save(file, "TIFF", compression=compression, tiffinfo={278: len(part)})
    with Image.open(file) as image:
        tags = image.getexif()
        start, length = tags[273], tags[279]
    return file.getvalue()[start : start + length]


@pytest.mark.parametrize(("compression", "encode"), PACKED.values(), ids=PACKED.keys())
@pytest.mark.parametrize("kind", ["rgb", "grey", "grey of 16 bits"])
def test_packed_tiles_and_strips_are_read_exactly(
    compression: int, encode: Callable[[Any], bytes], kind: str
) -> None:
    rgb = picture((300, 200), 64)
    pixels: Any = {"rgb": rgb, "grey": rgb[..., 0].copy(), "grey of 16 bits": GREY16}[kind]
    for page in (
        tiled(pixels, 128, compression=compression, encode=encode),
        stripped(pixels, 48, compression=compression, encode=encode),
    ):
        content = write([page])
        structure = structure_of(content)
        level = structure.levels[0]
        assert not level.stored
        assert (level.tile_width, level.tile_height) == (
            (128, 128) if level.chunk_width == 128 else (512, 512)
        )
        assert np.array_equal(pixels_of(structure, content), pixels)
        assert len(structure.axes.channels) == (kind == "grey of 16 bits")
        assert not structure.identifying


@pytest.mark.parametrize("order", ["<", ">"])
def test_horizontal_differences_are_undone(order: Order) -> None:
    differences = np.diff(GREY16, axis=1, prepend=np.uint16(0)).astype(order + "u2")
    content = write(
        [stripped(differences, 50, compression=DEFLATE, encode=packed, tags={317: 2})], order=order
    )
    structure = structure_of(content)
    assert structure.levels[0].coding is not None
    assert (structure.levels[0].coding.predictor, structure.levels[0].coding.order) == (2, order)
    assert np.array_equal(pixels_of(structure, content), GREY16)


def packed(part: Any) -> bytes:
    return zlib.compress(part.tobytes())


def test_inverted_grey_is_turned_around_and_never_sent_as_stored() -> None:
    grey = picture((300, 200), 64)[..., 0].copy()
    content = write([tiled(grey, 256, tags={262: 0})])
    structure = structure_of(content)
    assert not structure.levels[0].stored
    assert worst(pixels_of(structure, content), 255 - grey) < 20


def test_grey_jpeg_tiles_are_stored_tiles() -> None:
    content = write([tiled(picture((300, 200), 64)[..., 0].copy(), 256)])
    level = structure_of(content).levels[0]
    assert level.stored
    assert level.coding is not None
    assert (level.coding.colour, level.coding.samples) == ("grey", 1)


def test_jpeg_strips_are_decoded_to_the_last_short_one() -> None:
    pixels = picture((512, 700), 64)
    for rows in (512, 48):
        content = write([stripped(pixels, rows, compression=JPEG, encode=jpeg_of)])
        structure = structure_of(content)
        level = structure.levels[0]
        assert (level.chunk_width, level.chunk_height) == (512, rows)
        assert not level.stored
        assert worst(pixels_of(structure, content), pixels) < 30


@pytest.mark.parametrize(
    ("tile", "published"), [(16, 512), (64, 64), (256, 256), (1040, 1040), (2048, 2048)]
)
def test_jpeg_tiles_of_sensible_sides_are_published_as_they_are(tile: int, published: int) -> None:
    structure = structure_of(write([tiled(picture((1100, 300), 64), tile)]))
    level = structure.levels[0]
    assert (level.tile_width, level.tile_height) == (published, published)
    assert level.stored == (tile == published)


@pytest.mark.parametrize(("tile", "published"), [(16, 512), (64, 64), (1024, 1024), (1040, 512)])
def test_decoded_tiles_are_published_when_they_are_neither_tiny_nor_large(
    tile: int, published: int
) -> None:
    page = tiled(picture((1100, 300), 64), tile, compression=1, encode=made_tiffs.raw)
    level = structure_of(write([page])).levels[0]
    assert (level.tile_width, level.tile_height) == (published, published)


def test_sample_planes_of_16_bits_become_channels() -> None:
    planes = [GREY16, GREY16 + np.uint16(9)]
    for photometric in (1, 2):
        count = 2 if photometric == 1 else 3
        parts = [*planes, GREY16][:count]
        chunks = [part.tobytes() for plane in parts for part in made_tiffs.tiles_of(plane, 128)]
        tags = made_tiffs.base(GREY16, 1) | {
            258: [16] * count, 262: photometric, 277: count, 284: 2, 322: 128, 323: 128,
        }  # fmt: skip
        content = write([Page(tags=tags, chunks=chunks)])
        structure = structure_of(content)
        assert [one.name for one in structure.axes.channels] == [
            "Channel 1", "Channel 2", "Channel 3",
        ][:count]  # fmt: skip
        for number, plane in enumerate(parts):
            assert np.array_equal(pixels_of(structure, content, plane=number), plane)


def test_grey_of_16_bits_is_one_white_channel_whose_window_is_not_told() -> None:
    structure = structure_of(write([stripped(GREY16)]))
    assert structure.axes.channels == (Channel("Channel 1", "FFFFFF", (0, 0)),)


RGB = picture((300, 200), 64)
LEFT: dict[str, tuple[Page, str]] = {
    "palette": (
        tiled(RGB[..., 0].copy(), 64, compression=1, encode=bytes, tags={262: 3}),
        "kind 3",
    ),
    "four samples": (
        tiled(RGB, 64, compression=1, encode=bytes, tags={277: 4, 258: [8, 8, 8, 8]}),
        "4 samples",
    ),
    "colours apart": (
        tiled(RGB, 64, compression=1, encode=bytes, tags={284: 2}),
        "stored in separate planes",
    ),
    "12 bits": (stripped(GREY16, tags={258: 12}), "12 bits"),
    "32 bits": (stripped(GREY16, tags={258: 32}), "32 bits"),
    "floats": (stripped(GREY16, tags={339: 3}), "no unsigned"),
    "signed": (stripped(GREY16, tags={339: 2}), "no unsigned"),
    "predictor": (stripped(GREY16, compression=DEFLATE, tags={317: 3}), "predictor 3"),
    "fill order": (stripped(GREY16, tags={266: 2}), "reverse"),
    "unknown compression": (stripped(GREY16, compression=34925), "compression 34925"),
    "JPEG of 16 bits": (tiled(GREY16, 64, encode=bytes), "16 bits"),
    "JPEG of other components": (
        tiled(RGB, 64, encode=lambda part: jpeg_of(part[..., 0].copy())),
        "1 components",
    ),
    "RGB that calls itself JFIF": (tiled(RGB, 64, tags={262: 2}), "JFIF"),
    "arithmetic JPEG": (
        tiled(RGB, 64, encode=lambda part: jpeg_of(part).replace(b"\xff\xc0", b"\xff\xc9", 1)),
        "SOF9",
    ),
    "JPEG of 12 bits": (
        tiled(
            RGB,
            64,
            encode=lambda part: jpeg_of(part).replace(b"\xff\xc0\0\x11\x08", b"\xff\xc1\0\x11\x0c"),
        ),
        "12 bits",
    ),
}


@pytest.mark.parametrize(("page", "said"), LEFT.values(), ids=LEFT.keys())
def test_what_cannot_be_shown_by_range_is_left_to_openslide(page: Page, said: str) -> None:
    structure = structure_of(write([page]))
    assert structure.levels == ()
    assert said in structure.reason
    assert structure.identifying


@pytest.mark.parametrize("tag", [270, 269, 285, 315, 316, 33432])
def test_a_file_with_text_that_nobody_understands_is_not_handed_out(tag: int) -> None:
    pixels = picture((300, 200), 64)
    assert structure_of(write([tiled(pixels, 64, tags={tag: "S26-1 Doe, Jane"})])).identifying
    assert not structure_of(write([tiled(pixels, 64, tags={305: "scanner 2.1"})])).identifying


def test_signed_bytes_are_shown_by_their_bits() -> None:
    pixels = picture((300, 200), 64)[..., 0].copy()
    content = write([stripped(pixels, tags={339: 2})])
    assert np.array_equal(pixels_of(structure_of(content), content), pixels)


def test_rgb_without_marks_is_told_to_browsers() -> None:
    def unmarked(part: Any) -> bytes:
        stream = jpeg_of(part, keep_rgb=True)
        adobe = stream.find(b"\xff\xee")
        return stream[:adobe] + stream[adobe + 16 :]

    content = write([tiled(RGB, 256, encode=unmarked, tags={262: 2})])
    structure = structure_of(content)
    assert b"Adobe" in structure.levels[0].planes[0].head
    assert worst(pixels_of(structure, content), RGB) < 30


def test_a_subsampling_tag_that_lies_changes_nothing() -> None:
    content = write([tiled(RGB, 256, tags={530: [4, 4]})])
    assert worst(pixels_of(structure_of(content), content), RGB) < 30


def test_edge_tiles_that_their_writer_cut_are_no_damage_to_a_level() -> None:
    parts = [RGB[:, :256], RGB[:, 256:]]
    page = tiled(RGB, 256)
    cut = Page(tags=page.tags, chunks=[page.chunks[0], jpeg_of(parts[1].copy())])
    assert len(structure_of(write([cut])).levels) == 1
    with pytest.raises(DamagedSlide, match="a tile is 44 x 200 px"):
        structure_of(write([Page(tags=page.tags, chunks=[b"", cut.chunks[1]])]))


def test_strips_too_large_to_decode_are_unsupported() -> None:
    page = stripped(np.zeros((1, 5000), np.uint8), tags={257: 5000, 278: 5000})
    with pytest.raises(UnsupportedSlide, match="strips are 5000 x 5000 px"):
        structure_of(write([page]))


def test_only_reductions_of_the_first_image_are_levels() -> None:
    other = picture((400, 400), 64)
    levels = made_tiffs.pyramid_of(RGB, (1, 2))
    structure = structure_of(write([tiled(RGB, 64), tiled(levels[1], 64), tiled(other, 64)]))
    assert [one.width for one in structure.levels] == [300, 150]
    assert structure.identifying  # nobody knows what the third image is
    unmarked = structure_of(write([stripped(RGB), stripped(levels[1])]))
    assert len(unmarked.levels) == 1
    marked = structure_of(write([stripped(RGB), stripped(levels[1], tags={254: 1})]))
    assert len(marked.levels) == 2


def test_an_untiled_image_before_tiled_ones_is_left_to_openslide() -> None:
    structure = structure_of(write([stripped(RGB), tiled(RGB, 64)]))
    assert "first image is not tiled" in structure.reason


def profile(size: int = 200) -> bytes:
    return bytes(36) + b"acsp" + bytes(size - 40)


def test_the_colour_profile_is_handed_over_when_it_is_one() -> None:
    assert structure_of(make_pyramid(tags={34675: profile()}).content).icc == profile()
    assert structure_of(make_pyramid(tags={34675: bytes(200)}).content).icc == b""
    immense = make_pyramid(tags={34675: profile((8 << 20) + 1)})
    assert structure_of(immense.content).icc == b""


@pytest.mark.parametrize(
    ("software", "xmp"), [("MedScan", b""), ("Trestle", b""), ("", b"<iScan ScanRes='0.25'/>")]
)
def test_formats_of_overlapping_tiles_stay_with_openslide(software: str, xmp: bytes) -> None:
    structure = structure_of(make_pyramid(tags={305: software or "x", 700: xmp or b" "}).content)
    assert structure.levels == ()
    assert "only OpenSlide" in structure.reason


def test_resolution_tags_give_the_size_of_a_pixel() -> None:
    tags = made_tiffs.per_pixel()
    assert structure_of(make_pyramid(tags=tags).content).scan.mpp == (0.5, 0.5)


def test_a_pyramid_takes_few_requests() -> None:
    data = data_of(make_pyramid(size=(3000, 2000), factors=(1, 2, 4, 8)).content)
    assert len(read_tiff(data).levels) == 4
    assert data.requests <= 5
