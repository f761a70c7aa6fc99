import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from labsight.errors import DamagedSlide, InvalidInput, SlideError, UnsupportedSlide
from labsight.slides.pixels.intervals import join, read_header
from tests.support.ndpi_files import (
    cut,
)
from tests.support.ndpi_reading import (
    picture,
    pixels_of,
    worst,
)

SMALL = cut(picture(512, 64), 128)
ROWS = [
    [one for one in SMALL.intervals[4 * row : 4 * row + 4] if isinstance(one, bytes)]
    for row in range(8)
]


def saved(**options: object) -> bytes:
    target = io.BytesIO()
    Image.fromarray(picture(256, 64)).save(target, "JPEG", **options)
    return target.getvalue()


def test_a_header_tells_how_the_scan_is_cut() -> None:
    header = read_header(SMALL.whole)
    assert header.length == len(SMALL.head)
    assert (header.width, header.height, header.components, header.colour) == (512, 64, 3, "ycbcr")
    assert (header.mcu_width, header.mcu_height, header.interval) == (8, 8, 16)
    assert header.grid(512, 64) == (4, 8)
    assert header.chunk(512) == (128, 8)
    assert header.grid(520, 64) is None


def test_colours_are_told_apart_as_libjpeg_does() -> None:
    assert read_header(saved(keep_rgb=True)).colour == "rgb"
    assert read_header(saved()).colour == "ycbcr"
    adobe = b"\xff\xee\0\x0eAdobe\0\x64\0\0\0\0"
    plain = saved()
    bare = plain[:2] + plain[plain.index(b"\xff\xdb") :]
    assert read_header(bare).colour == "ycbcr"
    assert read_header(bare[:2] + adobe + b"\0" + bare[2:]).colour == "rgb"
    assert read_header(bare[:2] + adobe + b"\1" + bare[2:]).colour == "ycbcr"


def test_progressive_streams_cannot_be_cut() -> None:
    header = read_header(saved(progressive=True, restart_marker_rows=1))
    assert (header.interval, header.grid(256, 64)) == (0, None)


def test_joined_intervals_decode_to_their_place_in_the_whole() -> None:
    whole = pixels_of(SMALL.whole)
    part = join(SMALL.head, [row[1:3] for row in ROWS[2:7]], 256, 40)
    assert worst(pixels_of(part), whole[16:56, 128:384]) == 0
    assert part.endswith(b"\xff\xd9")
    assert worst(pixels_of(join(SMALL.head, [ROWS[7][3:]], 123, 5)), whole[56:61, 384:507]) == 0


@pytest.mark.parametrize(
    ("rows", "size"),
    [
        (ROWS, (512, 56)),
        (ROWS, (512, 65)),
        (ROWS, (520, 64)),
        (ROWS[:7], (512, 64)),
        ([*ROWS[:7], ROWS[7][:3]], (512, 64)),
        ([], (512, 64)),
    ],
)
def test_intervals_that_do_not_make_up_the_rectangle_are_refused(
    rows: list[list[bytes]], size: tuple[int, int]
) -> None:
    with pytest.raises(DamagedSlide, match="do not make up"):
        join(SMALL.head, rows, *size)


@pytest.mark.parametrize("size", [(65_501, 8), (512, 65_501), (0, 8), (512, -1)])
def test_a_rectangle_that_jpeg_cannot_hold_is_refused(size: tuple[int, int]) -> None:
    with pytest.raises(InvalidInput, match="cannot be decoded at once"):
        join(SMALL.head, ROWS, *size)


@pytest.mark.parametrize("bad", [b"", b"\1\xff\xd3\2", b"\xff\xd9\0", b"\1\xff\xff\xd0\1"])
def test_bytes_that_are_no_interval_are_refused(bad: bytes) -> None:
    with pytest.raises(DamagedSlide, match="does not fit its image data"):
        join(SMALL.head, [[bad, *ROWS[0][1:]]], 512, 8)


def test_fill_bytes_in_front_of_a_marker_are_part_of_the_standard() -> None:
    filled = [[data + b"\xff\xff" for data in row] for row in ROWS]
    assert worst(pixels_of(join(SMALL.head, filled, 512, 64)), pixels_of(SMALL.whole)) == 0


@pytest.mark.parametrize(
    ("head", "error", "said"),
    [
        (b"", DamagedSlide, "does not start as a JPEG"),
        (SMALL.head[:-1], DamagedSlide, "has no end"),
        (b"\xff\xd8" + b"\xff\xe0\0\1" * 9, DamagedSlide, "has no end"),
        (b"\xff\xd8\xff\xda\0\5abc", DamagedSlide, "0 frames"),
        (SMALL.head.replace(b"\xff\xc0", b"\xff\xc9"), UnsupportedSlide, "kind SOF9"),
        (
            SMALL.head.replace(b"\xff\xc0\0\x11\x08", b"\xff\xc0\0\x11\x0c"),
            UnsupportedSlide,
            "12 bits",
        ),
        (SMALL.head.replace(b"\3\1\x11\0", b"\4\1\x11\0"), UnsupportedSlide, "4 components"),
        (SMALL.head.replace(b"\3\1\x11\0", b"\3\1\x01\0"), DamagedSlide, "sampling factors"),
    ],
)
def test_headers_of_other_kinds_are_named(head: bytes, error: type[SlideError], said: str) -> None:
    with pytest.raises(error, match=said):
        read_header(head)


@settings(max_examples=500, deadline=None)
@given(st.data())
def test_a_damaged_header_is_an_error_of_ours(data: st.DataObject) -> None:
    head = bytearray(SMALL.head[: data.draw(st.integers(0, len(SMALL.head)))])
    for _ in range(data.draw(st.integers(0, 6)) if head else 0):
        head[data.draw(st.integers(0, len(head) - 1))] = data.draw(st.integers(0, 255))
    try:
        header = read_header(bytes(head))
    except SlideError:
        return
    assert 0 < header.length <= len(head)
    assert header.mcu_width in range(8, 33, 8)
