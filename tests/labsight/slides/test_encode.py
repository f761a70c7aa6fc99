"""Pictures are written in the formats that browsers show, edge tiles with their own tables."""

import io

import numpy as np
import pytest
from PIL import Image, JpegImagePlugin

from labsight.errors import DamagedSlide
from labsight.slides.pixels import encode
from tests.support.chunked import jpeg_of, picture, picture16


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def difference(data: bytes, pixels: object) -> float:
    return float(np.abs(np.asarray(opened(data)).astype(int) - np.asarray(pixels)).mean())


def test_jpeg_has_chroma_at_half_size_and_keeps_the_picture() -> None:
    pixels = picture(240, 240)
    data = encode.jpeg(Image.fromarray(pixels))
    assert JpegImagePlugin.get_sampling(opened(data)) == 2  # 4:2:0
    assert difference(data, pixels) < 3
    assert len(encode.jpeg(Image.fromarray(pixels), 50)) < len(data)


def test_grey_is_written_as_grey() -> None:
    grey = picture(96, 64, 1)
    for write in (encode.jpeg, encode.png):
        image = opened(write(Image.fromarray(grey)))
        assert image.mode == "L"
        assert np.abs(np.asarray(image).astype(int) - grey).mean() < 2


def test_png_loses_nothing_and_webp_little() -> None:
    pixels, deep = picture(96, 64), picture16(96, 64)
    assert difference(encode.png(Image.fromarray(pixels)), pixels) == 0
    assert np.array_equal(np.asarray(opened(encode.png(Image.fromarray(deep)))), deep)
    data = encode.webp(Image.fromarray(pixels))
    assert opened(data).format == "WEBP"
    assert difference(data, pixels) < 4


def test_a_blank_tile_is_background_and_made_once() -> None:
    assert opened(encode.blank(30, 20)).convert("RGB").getpixel((3, 3)) == (255, 255, 255)
    dark = encode.blank(30, 20, encode.BLACK)
    assert opened(dark).convert("RGB").getpixel((3, 3)) == (0, 0, 0)
    assert encode.blank(30, 20, encode.BLACK) is dark


def test_an_edge_tile_is_cut_with_its_own_tables_and_sampling() -> None:
    pixels = picture(64, 64)
    for sampling in (0, 1, 2):
        stream = jpeg_of(pixels, 60, subsampling=sampling)
        cut = opened(encode.crop(stream, 32, 48, (64, 64)))
        whole = opened(stream)
        assert cut.size == (32, 48)
        assert cut.quantization == whole.quantization  # type: ignore[attr-defined]
        assert JpegImagePlugin.get_sampling(cut) == sampling
        own = np.asarray(whole).astype(int)[:48, :32]
        assert np.abs(np.asarray(cut).astype(int) - own).mean() < 1.5


def test_a_grey_edge_tile_stays_grey() -> None:
    cut = opened(encode.crop(jpeg_of(picture(64, 64, 1)), 32, 48, (64, 64)))
    assert (cut.mode, cut.size) == ("L", (32, 48))


def test_an_edge_tile_of_another_size_than_its_level_is_not_cropped() -> None:
    assert opened(encode.crop(jpeg_of(picture(64, 64)), 10, 20, (64, 64))).size == (10, 20)
    with pytest.raises(DamagedSlide, match="640 x 640 px"):
        encode.crop(jpeg_of(picture(640, 640)), 10, 20, (64, 64))


def test_an_edge_tile_that_is_cut_off_or_of_endless_scans_is_damage() -> None:
    stream = jpeg_of(picture(64, 64))
    with pytest.raises(DamagedSlide, match="cannot be decoded"):
        encode.crop(stream[: len(stream) // 2], 10, 20, (64, 64))
    stream = jpeg_of(picture(64, 64), progressive=True)
    last = stream.rindex(b"\xff\xda")
    with pytest.raises(DamagedSlide, match="scans"):
        encode.crop(stream[:-2] + stream[last:-2] * 100 + b"\xff\xd9", 10, 20, (64, 64))
