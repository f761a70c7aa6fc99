"""Chunks of every coding become the pixels that were written, whole or shrunk, or are refused."""

import base64
import io
import random
from typing import Any

import numpy as np
import numpy.typing as npt
import openslide
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from labsight.errors import DamagedSlide, UnsupportedSlide
from labsight.slides.index import Coding, Level
from labsight.slides.pixels import jpeg, jpeg2000
from labsight.slides.pixels.decode import decode
from tests.support.chunked import Array, jpeg_of, picture, picture16

WIDTH, HEIGHT = 96, 64
# 16 x 16 px, Y at full size, Cb and Cr at half of it, no colour transform: what an Aperio scanner
# calls 33003. Red rises by 16 to the right, green downwards, blue is 200. Made with opj_compress.
SMALL_CHROMA = base64.b85decode(
    "|4;u>051Rl0000G0000G00000000000000G0000G000000000000RdB0S5vC2Lb~BQUDA9000310t5sA0smY83P3<eNKi"
    ";fQ2%5A1ponf|BwI*000000L}mb|C7(OL=fUDVcqWHy|3)15e%S;ZLiO?6a$zp^_$PM6bv2UYS_T}1Hto%fI1)|7lV1Ka"
    "jye^v?SOycmo+wD>K0P0zvbGfDr%=4Y3~#8FvDI!|DTr=Lih~2MiS;Kfrt_K=}y33a~bzj+TNHZWJ)-7X?4JBzQfhG-S"
    "H=W<@1Q&K;N)=7`Gz&o1QVh5vm1@lU{fBf$9tKnXx0YnU|+hTj0ss51hNvVRmQgZY2K^Mir%1pp!%69CRxd>{YW<"
)


def level_of(coding: Coding, size: tuple[int, int] = (WIDTH, HEIGHT)) -> Level:
    return Level(4 * size[0], 4 * size[1], 512, 512, coding, *size, ())


def pixels_of(coding: Coding, data: bytes, shrink: int = 1, **options: Any) -> npt.NDArray[Any]:
    return np.asarray(decode(level_of(coding), jpeg.SOI, data, shrink, **options))


def strip_of(pixels: Array, compression: str, predictor: int = 1, order: str = "<") -> bytes:
    """Return one packed strip, out of a TIFF file that someone else wrote."""
    file = io.BytesIO()
    if compression == "deflate":
        tifffile.imwrite(
            file,
            pixels,
            byteorder=order,  # type: ignore[arg-type]
            compression="zlib",
            predictor=predictor == 2,
            rowsperstrip=len(pixels),
            photometric="rgb" if pixels.ndim == 3 else "minisblack",
            metadata=None,
        )
    else:
        options = {"compression": compression, "tiffinfo": {317: predictor, 278: len(pixels)}}
        Image.fromarray(pixels).save(file, "TIFF", **options)
    with tifffile.TiffFile(io.BytesIO(file.getvalue())) as tiff:
        page = tiff.pages.first
        assert len(page.dataoffsets) == 1
        start, length = page.dataoffsets[0], page.databytecounts[0]
    return file.getvalue()[start : start + length]


def data_of(kind: str, pixels: Array, predictor: int = 1) -> bytes:
    if kind == "none":
        return pixels.tobytes()
    if kind == "jpeg":
        return jpeg_of(pixels)
    if kind == "jpeg2000":
        return j2k_of(pixels)
    return strip_of(pixels, "tiff_lzw" if kind == "lzw" else kind, predictor)


def j2k_of(pixels: Array, **options: Any) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG2000", no_jp2=True, **options)
    return file.getvalue()


def box_of(pixels: Array, factor: int) -> Array:
    height, width = pixels.shape[0] // factor, pixels.shape[1] // factor
    parts = pixels[: height * factor, : width * factor].astype(float)
    means: Array = parts.reshape(height, factor, width, factor, -1).mean((1, 3))
    return means.squeeze()


@pytest.mark.parametrize("predictor", [1, 2])
@pytest.mark.parametrize("samples", [1, 3])
@pytest.mark.parametrize(
    ("kind", "name"),
    [("deflate", "deflate"), ("lzw", "tiff_lzw"), ("packbits", "packbits"), ("zstd", "zstd")],
)
def test_packed_chunks_are_what_was_written(
    kind: str, name: str, samples: int, predictor: int
) -> None:
    pixels = picture(WIDTH, HEIGHT, samples)
    predictor = 1 if kind == "packbits" else predictor
    data = strip_of(pixels, name, predictor)
    coding = Coding(kind, samples, colour="rgb" if samples == 3 else "grey", predictor=predictor)
    assert np.array_equal(pixels_of(coding, data), pixels)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("predictor", [1, 2])
def test_samples_of_16_bits_keep_both_bytes_in_either_order(order: str, predictor: int) -> None:
    grey = picture16(WIDTH, HEIGHT)
    coding = Coding("deflate", 1, 16, "grey", order, predictor)
    data = strip_of(grey, "deflate", predictor, order)
    image = decode(level_of(coding), b"", data)
    assert image.mode == "I;16"
    assert np.array_equal(np.asarray(image), grey)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("predictor", [1, 2])
def test_colours_of_16_bits_are_shown_by_their_high_byte(order: str, predictor: int) -> None:
    colours = np.random.default_rng(3).integers(0, 65536, (HEIGHT, WIDTH, 3), dtype=np.uint16)
    data = strip_of(colours, "deflate", predictor, order)
    coding = Coding("deflate", 3, 16, "rgb", order, predictor)
    assert np.array_equal(pixels_of(coding, data), colours >> 8)


@pytest.mark.parametrize("order", ["<", ">"])
def test_plain_samples_are_read_as_they_are(order: str) -> None:
    grey, colours = picture16(WIDTH, HEIGHT), picture(WIDTH, HEIGHT)
    data = grey.astype(f"{order}u2").tobytes()
    assert np.array_equal(pixels_of(Coding("none", 1, 16, "grey", order), data), grey)
    assert np.array_equal(pixels_of(Coding("none"), colours.tobytes()), colours)


def test_inverted_grey_is_turned_round_at_8_and_16_bits() -> None:
    grey, deep = picture(WIDTH, HEIGHT, 1), picture16(WIDTH, HEIGHT)
    coding = Coding("none", 1, colour="inverted")
    assert np.array_equal(pixels_of(coding, grey.tobytes()), 255 - grey)
    coding = Coding("none", 1, 16, "inverted")
    assert np.array_equal(pixels_of(coding, deep.tobytes()), 65535 - deep)
    shown = pixels_of(Coding("jpeg", 1, colour="inverted"), jpeg_of(grey))
    assert np.abs(shown.astype(int) - (255 - grey.astype(int))).max() < 12


@pytest.mark.parametrize("kind", ["none", "deflate", "lzw"])
def test_luminance_and_chroma_become_colours(kind: str) -> None:
    colours = picture(WIDTH, HEIGHT)
    data = np.asarray(Image.fromarray(colours).convert("YCbCr"))
    names = {"deflate": "deflate", "lzw": "tiff_lzw"}
    packed = data.tobytes() if kind == "none" else strip_of(data, names[kind])
    shown = pixels_of(Coding(kind, colour="ycbcr"), packed)
    assert np.abs(shown.astype(int) - colours).max() <= 3  # rounding there and back


@pytest.mark.parametrize("kind", ["none", "deflate", "lzw", "jpeg", "jpeg2000"])
def test_the_last_strip_may_be_shorter_but_no_chunk_smaller(kind: str) -> None:
    short = picture(WIDTH, 40)
    data = data_of(kind, short)
    assert pixels_of(Coding(kind), data, rows=40).shape == (40, WIDTH, 3)
    for rows in (41, None):
        with pytest.raises(DamagedSlide, match="stored tile"):
            pixels_of(Coding(kind), data, rows=rows)


@pytest.mark.parametrize("shrink", [2, 4, 8])
@pytest.mark.parametrize("subsampling", [0, 2])
def test_jpeg_is_shrunk_to_what_a_box_filter_makes(shrink: int, subsampling: int) -> None:
    colours = picture(WIDTH, HEIGHT)
    data = jpeg_of(colours, subsampling=subsampling)
    shown = pixels_of(Coding("jpeg", colour="ycbcr"), data, shrink)
    whole = pixels_of(Coding("jpeg", colour="ycbcr"), data)
    own = np.abs(whole.astype(float) - colours).mean()  # of the codec itself
    assert shown.shape == (HEIGHT // shrink, WIDTH // shrink, 3)
    assert np.abs(shown - box_of(colours, shrink)).mean() < own + 1.5


@pytest.mark.parametrize("kind", ["none", "lzw"])
def test_what_cannot_be_shrunk_while_it_is_decoded_is_shrunk_after(kind: str) -> None:
    colours = picture(WIDTH, HEIGHT)
    data = colours.tobytes() if kind == "none" else strip_of(colours, "tiff_lzw")
    assert np.abs(pixels_of(Coding(kind), data, 4) - box_of(colours, 4)).max() <= 1
    deep = picture16(WIDTH, HEIGHT)
    shown = pixels_of(Coding("none", 1, 16, "grey"), deep.tobytes(), 2)
    assert np.abs(shown - box_of(deep, 2)).max() <= 1


def test_rgb_tiles_need_the_head_that_says_so() -> None:
    file = io.BytesIO()
    colours = picture(WIDTH, HEIGHT)
    Image.fromarray(colours).save(file, "JPEG", quality=95, subsampling=0, keep_rgb=True)
    bare = file.getvalue()
    for own, number in ((b"R", b"\0"), (b"G", b"\1"), (b"B", b"\2")):  # as Aperio numbers them
        bare = bare.replace(own + b"\x11\0", number + b"\x11\0").replace(
            own + b"\0", number + b"\0"
        )
    level = level_of(Coding("jpeg", colour="rgb"))
    without = bare.replace(jpeg.ADOBE_RGB, b"")
    assert without != bare
    shown, wrong = (
        np.asarray(decode(level, jpeg.head(b"", rgb=rgb), without)) for rgb in (True, False)
    )
    assert np.abs(shown.astype(int) - colours).max() < 12
    assert np.abs(wrong.astype(int) - colours).mean() > 20


@pytest.mark.parametrize("transformed", [0, 1])
def test_jpeg_2000_of_rgb_is_exact_when_it_was_lossless(transformed: int) -> None:
    colours = picture(WIDTH, HEIGHT)
    data = j2k_of(colours, mct=transformed)
    assert np.array_equal(pixels_of(Coding("jpeg2000"), data), colours)
    file = jpeg2000.file_of(jpeg2000.read(data), jpeg2000.SRGB)
    assert np.array_equal(pixels_of(Coding("jpeg2000"), file), colours)


def test_jpeg_2000_of_ycbcr_is_converted_unless_the_codestream_was() -> None:
    colours = picture(WIDTH, HEIGHT)
    separate = np.asarray(Image.fromarray(colours).convert("YCbCr"))
    coding = Coding("jpeg2000", colour="ycbcr")
    shown = pixels_of(coding, j2k_of(separate, mct=0))
    assert np.abs(shown.astype(int) - colours).max() <= 3
    # YBR_RCT of DICOM: the file says YCbCr, the decoder has undone it already
    assert np.array_equal(pixels_of(coding, j2k_of(colours, mct=1)), colours)


def test_jpeg_2000_with_small_chroma_is_shown_in_colour() -> None:
    level = level_of(Coding("jpeg2000", colour="ycbcr"), (16, 16))
    shown = np.asarray(decode(level, b"", SMALL_CHROMA)).astype(int)
    steps = np.arange(16) * 16
    assert np.abs(shown[..., 0] - steps[None]).mean() < 8
    assert np.abs(shown[..., 1] - steps[:, None]).mean() < 8
    assert np.abs(shown[..., 2] - 200).mean() < 12


@pytest.mark.parametrize("shrink", [2, 4, 8])
def test_jpeg_2000_is_halved_by_its_wavelets_and_further_by_a_box_filter(shrink: int) -> None:
    colours = picture(WIDTH, HEIGHT, grain=50)
    halved, whole = j2k_of(colours, num_resolutions=3), j2k_of(colours, num_resolutions=1)
    assert [jpeg2000.read(data).halvings for data in (halved, whole)] == [2, 0]
    for data in (halved, whole):
        shown = pixels_of(Coding("jpeg2000"), data, shrink)
        assert shown.shape == (HEIGHT // shrink, WIDTH // shrink, 3)
        difference = np.abs(shown - box_of(colours, shrink)).mean()
        assert difference < (2.5 if data is halved else 0.6)


def test_jpeg_2000_of_16_and_12_bits_keeps_the_samples() -> None:
    deep = picture16(WIDTH, HEIGHT)
    coding = Coding("jpeg2000", 1, 16, "grey")
    data = j2k_of(deep)
    assert np.array_equal(pixels_of(coding, data), deep)
    assert data[42] == 15  # Ssiz: bits less one
    # With fewer bits the samples are counted from another middle (ISO/IEC 15444-1, G.1.2).
    samples = deep & 4095
    twelve = bytearray(j2k_of(samples + (32768 - 2048)))
    twelve[42] = 11
    assert np.array_equal(pixels_of(coding, bytes(twelve)), samples)


def test_what_jpeg_2000_has_that_is_not_read_is_named() -> None:
    data = bytearray(j2k_of(picture(WIDTH, HEIGHT)))
    with pytest.raises(UnsupportedSlide, match="components of"):
        pixels_of(Coding("jpeg2000", 1, colour="grey"), bytes(data))
    data[42] |= 0x80
    with pytest.raises(UnsupportedSlide, match="signed"):
        pixels_of(Coding("jpeg2000"), bytes(data))
    alpha = np.dstack([picture(WIDTH, HEIGHT), picture(WIDTH, HEIGHT, 1)])
    with pytest.raises(UnsupportedSlide, match="4 components"):
        pixels_of(Coding("jpeg2000"), j2k_of(alpha))


@pytest.mark.parametrize(
    ("place", "value", "said"),
    [
        (8, b"\xff\xff\xff\xff", "no size"),  # Xsiz
        (8, b"\1\0\0\0", "px in"),
        (24, b"\0\0\0\1\0\0\0\1", "parts"),  # tiles of one px
        (24, b"\0\0\0\0", "no size"),
    ],
)
def test_a_codestream_that_claims_too_much_is_refused(place: int, value: bytes, said: str) -> None:
    data = j2k_of(picture(WIDTH, HEIGHT))
    with pytest.raises(DamagedSlide, match=said):
        jpeg2000.read(data[:place] + value + data[place + len(value) :])


def test_a_codestream_of_countless_precincts_is_refused() -> None:
    data = j2k_of(np.zeros((2048, 2048), np.uint8), precinct_size=(64, 64), num_resolutions=1)
    place = data.index(b"\xff\x52") + 14  # the first precinct's size
    assert jpeg2000.read(data).width == 2048
    with pytest.raises(DamagedSlide, match="too many pieces"):
        jpeg2000.read(data[:place] + b"\0" + data[place + 1 :])


@pytest.mark.parametrize(
    "coding",
    [
        Coding("jpeg", colour="ycbcr"),
        Coding("jpeg2000"),
        Coding("lzw", predictor=2),
        Coding("deflate"),
        Coding("deflate", predictor=2),
        Coding("packbits"),
        Coding("zstd"),
        Coding("none"),
    ],
    ids=lambda coding: f"{coding.kind}{coding.predictor}",
)
def test_damage_of_any_kind_is_an_error_of_ours_or_a_picture_of_that_size(coding: Coding) -> None:
    colours = picture(WIDTH, HEIGHT)
    data = data_of(coding.kind, colours, coding.predictor)
    rng = random.Random(7)
    refused = 0
    for turn in range(150):
        changed = bytearray(data)
        for _ in range(rng.randint(1, 6)):
            changed[rng.randrange(min(len(changed), 200 if turn % 2 else len(changed)))] = (
                rng.randrange(256)
            )
        broken = bytes(changed[: rng.randint(1, len(changed))] if turn % 3 == 0 else changed)
        try:
            image = decode(level_of(coding), jpeg.SOI, broken, rng.choice((1, 2, 8)))
        except (DamagedSlide, UnsupportedSlide):
            refused += 1
        else:
            assert image.mode == "RGB"
            assert image.width in {WIDTH, WIDTH // 2, WIDTH // 8}
    assert refused > 5


@given(data=st.binary(max_size=400), kind=st.sampled_from(["jpeg", "jpeg2000", "lzw", "zstd"]))
def test_any_bytes_are_refused_or_decoded(data: bytes, kind: str) -> None:
    try:
        image = decode(level_of(Coding(kind), (8, 8)), jpeg.SOI, data)
    except (DamagedSlide, UnsupportedSlide):
        return
    assert image.size == (8, 8)


def test_codings_that_are_not_read_are_named() -> None:
    with pytest.raises(UnsupportedSlide, match="2 of 8 bits"):
        pixels_of(Coding("none", 2), b"")
    with pytest.raises(UnsupportedSlide, match="no chunks"):
        decode(Level(9, 9, 64, 64), b"", b"")
    with pytest.raises(UnsupportedSlide, match="no chunks"):
        decode(level_of(Coding("none"), (1 << 13, 1 << 12)), b"", b"")


def test_a_frame_hidden_from_us_but_not_from_a_decoder_is_refused() -> None:
    """What libjpeg takes for garbage or for an end, we must not take for a segment."""
    small, large = jpeg_of(picture(WIDTH, HEIGHT)), jpeg_of(picture(640, 480))
    frame = large[large.index(b"\xff\xc0") :][:19]
    own = small[small.index(b"\xff\xc0") :][:19]
    swallowed = b"\xff\xfe\x00\x15" + own  # a comment for libjpeg
    level = level_of(Coding("jpeg", colour="ycbcr"))
    for hidden in (
        b"\xff\x00\x00\x15",
        b"\xff\xd9\x00\x15",
        b"\xff\xd8\x00\x15",
        b"\xff\x02\0\x15",
    ):
        stream = small[:2] + hidden + frame + own + swallowed + small[2:]
        with pytest.raises(DamagedSlide, match="no JPEG frame"):
            decode(level, jpeg.SOI, stream)
    with pytest.raises(DamagedSlide, match="cannot be decoded"):
        decode(level, jpeg.SOI, small[:2] + own + frame + small[2:])


def test_a_jpeg_of_endless_scans_is_refused_unread() -> None:
    stream = jpeg_of(picture(WIDTH, HEIGHT), progressive=True)
    level = level_of(Coding("jpeg", colour="ycbcr"))
    assert decode(level, jpeg.SOI, stream).size == (WIDTH, HEIGHT)
    last = stream.rindex(b"\xff\xda")
    with pytest.raises(DamagedSlide, match="JPEG scans"):
        decode(level, jpeg.SOI, stream[:-2] + stream[last:-2] * 100 + jpeg.EOI)


@pytest.mark.parametrize("name", ["CMU-1-Small-Region.svs", "TCGA-CR-7395-01A-01-TS1.svs"])
def test_tiles_of_real_slides_are_openslides_pixels(real_data: Any, name: str) -> None:
    path = real_data / "slides" / name
    with tifffile.TiffFile(path) as file, openslide.OpenSlide(path) as slide:
        page = file.pages.first
        kind = "jpeg" if page.compression == 7 else "jpeg2000"
        tile = page.tilewidth, page.tilelength
        level = Level(page.imagewidth, page.imagelength, *tile, Coding(kind), *tile, ())
        tables = page.tags["JPEGTables"].value if kind == "jpeg" else b""
        head = jpeg.head(tables, rgb=True)
        columns = level.chunk_columns
        whole = [
            n for n in range(columns * (page.imagelength // tile[1])) if n % columns != columns - 1
        ]
        for number in random.Random(2).sample(whole, 12):
            file.filehandle.seek(page.dataoffsets[number])
            data = file.filehandle.read(page.databytecounts[number])
            place = number % columns * tile[0], number // columns * tile[1]
            theirs = np.asarray(slide.read_region(place, 0, tile).convert("RGB")).astype(int)
            ours = np.asarray(decode(level, head, data))
            assert np.abs(ours - theirs).max() <= (0 if kind == "jpeg" else 1)
