import io

import pytest
from PIL import Image

from labsight.errors import DamagedSlide, UnsupportedSlide
from labsight.slides.pixels import jpeg


def stream(**options: object) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (48, 32), (200, 100, 50)).save(file, "JPEG", **options)
    return file.getvalue()


def test_a_frame_tells_its_size_and_components() -> None:
    assert jpeg.frame_size(stream()) == (48, 32, 3)
    assert jpeg.frame_size(stream(progressive=True)) == (48, 32, 3)


def test_fill_bytes_and_restart_markers_are_passed_over() -> None:
    odd = stream()[:2] + b"\xff\xff\xff\x01\xff\xd0" + stream()[2:]
    assert jpeg.frame_size(odd) == (48, 32, 3)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xd8",
        b"\xff\xd8\xff\xd9",
        b"\xff\xd8\xff\xe0\0\0",
        b"\xff\xd8\xff\xc0\0\x11",
        b"x" * 50,
    ],
)
def test_a_stream_without_a_frame_is_damage(content: bytes) -> None:
    with pytest.raises(DamagedSlide, match="no JPEG frame"):
        jpeg.frame_size(content)


def test_what_browsers_do_not_decode_is_refused() -> None:
    content = bytearray(stream())
    place = content.find(b"\xff\xc0")
    content[place + 1] = 0xC3
    with pytest.raises(UnsupportedSlide, match="SOF3"):
        jpeg.frame_size(bytes(content))
    content[place + 1] = 0xC1
    content[place + 4] = 12
    with pytest.raises(UnsupportedSlide, match="12 bits"):
        jpeg.frame_size(bytes(content))


def test_tables_that_are_no_stream_and_tiles_that_are_none_are_damage() -> None:
    with pytest.raises(DamagedSlide, match="table stream"):
        jpeg.head(b"tables", rgb=True)
    with pytest.raises(DamagedSlide, match="does not start"):
        jpeg.complete(jpeg.SOI, b"no jpeg")


def test_the_colour_marker_comes_first_so_that_a_tiles_own_overrules_it() -> None:
    tables = jpeg.SOI + b"\xff\xdb\0\x03\0" + jpeg.EOI
    assert jpeg.head(tables, rgb=True) == jpeg.SOI + jpeg.ADOBE_RGB + b"\xff\xdb\0\x03\0"
    assert jpeg.head(b"", rgb=False) == jpeg.SOI
