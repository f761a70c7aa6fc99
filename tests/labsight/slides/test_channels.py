"""Samples become colours by window and colour, and windows are found in the samples."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from labsight.slides.pixels import channels
from labsight.slides.view import Shown
from tests.support.chunked import Array, picture, picture16


def composed(*planes: tuple[Array, Shown]) -> Array:
    shown = channels.compose([(Image.fromarray(pixels), one) for pixels, one in planes])
    assert shown.mode == "RGB"
    return np.asarray(shown).astype(int)


def expected(pixels: Array, shown: Shown) -> Array:
    """Return one channel in its colour, by the definition of a window."""
    full = np.iinfo(pixels.dtype).max
    low, high = shown.window if shown.window[0] < shown.window[1] else (0, full)
    part = np.clip((pixels.astype(float) - low) / (high - low), 0, 1)
    colour = np.array(list(bytes.fromhex(shown.colour)))
    found: Array = part[..., None] * colour
    return found


@pytest.mark.parametrize("window", [(0, 0), (0, 255), (10, 200), (-50, 300), (99, 99), (7, 7.5)])
@pytest.mark.parametrize("colour", ["FFFFFF", "FF0000", "8040C0", "000000"])
def test_8_bits_go_through_window_and_colour(window: tuple[float, float], colour: str) -> None:
    pixels, shown = picture(60, 40, 1), Shown(0, colour, window)
    assert np.abs(composed((pixels, shown)) - expected(pixels, shown)).max() <= 0.5001


@pytest.mark.parametrize("window", [(0, 0), (0, 65535), (100, 4000), (-500, 70000), (60000, 65000)])
@pytest.mark.parametrize("colour", ["FFFFFF", "00FF00", "8040C0"])
def test_16_bits_go_through_window_and_colour(window: tuple[float, float], colour: str) -> None:
    pixels, shown = picture16(60, 40), Shown(0, colour, window)
    assert np.abs(composed((pixels, shown)) - expected(pixels, shown)).max() <= 1


def test_channels_are_added_and_end_at_the_full_colour() -> None:
    one, two, three = (picture(60, 40, 1, seed) for seed in (1, 2, 3))
    views = [
        Shown(0, "FF8000", (0, 255)),
        Shown(1, "00FF80", (0, 200)),
        Shown(2, "FF00FF", (9, 99)),
    ]
    planes = list(zip((one, two, three), views, strict=True))
    total = np.minimum(255, sum(expected(*plane) for plane in planes))
    assert np.abs(composed(*planes) - total).max() <= 2


def test_a_channel_stored_in_colour_is_as_bright_as_its_brightest_part() -> None:
    blue = np.zeros((4, 4, 3), np.uint8)
    blue[..., 2] = 200
    assert (composed((blue, Shown(0, "FFFFFF", (0, 255)))) == 200).all()


@given(
    low=st.floats(-1e12, 1e12, allow_nan=False),
    width=st.floats(-1e12, 1e12, allow_nan=False),
    colour=st.from_regex(r"\A[0-9A-F]{6}\Z"),
)
def test_any_window_gives_a_picture(low: float, width: float, colour: str) -> None:
    shown = Shown(0, colour, (low, low + width))
    for pixels in (picture16(4, 4), picture(4, 4, 1)):
        found = composed((pixels, shown))
        assert found.min() >= 0
        black, full = shown.window
        if 1e6 < black < full:
            assert found.max() == 0
        if black < full < -1e6:
            assert (found == list(bytes.fromhex(colour))).all()


def test_a_window_leaves_out_dust_at_both_ends() -> None:
    deep = np.random.default_rng(1).integers(500, 3000, (200, 200)).astype(np.uint16)
    deep[0, :10], deep[1, :10] = 0, 65535
    low, high = channels.window_of(Image.fromarray(deep))
    assert 500 <= low < 510
    assert 2980 < high < 3000
    grey = (deep >> 8).clip(0, 255).astype(np.uint8)
    assert channels.window_of(Image.fromarray(grey)) == (1, 11)


def test_a_few_bright_cells_on_a_dark_ground_decide_when_all_else_is_one_value() -> None:
    deep = np.full((200, 200), 100, np.uint16)
    deep[5, :20] = 900
    assert channels.window_of(Image.fromarray(deep)) == (100, 900)


def test_an_empty_picture_gets_the_full_range() -> None:
    assert channels.window_of(Image.new("I;16", (9, 9), 77)) == (0, 65535)
    assert channels.window_of(Image.new("L", (9, 9), 77)) == (0, 255)
    assert channels.window_of(Image.new("RGB", (9, 9), (0, 0, 9))) == (0, 255)
