"""Scanner colours become sRGB by the profile, and profiles are not trusted."""

import io
from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms

from labsight.errors import DamagedSlide, SlideError, UnsupportedSlide
from labsight.slides.pixels import colour
from tests.support.chunked import picture
from tests.support.profiles import linear_rgb


def profile(kind: str = "sRGB") -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile(kind)).tobytes()  # type: ignore[arg-type]


def grey_profile() -> bytes:
    """Return a profile of grey with a straight curve: header, white point and curve."""
    white = b"XYZ \0\0\0\0" + bytes.fromhex("0000f6d6000100000000d32d")
    curve = b"curv" + bytes(8)
    place = 128 + 4 + 24
    tags = (2).to_bytes(4, "big")
    for name, start, length in ((b"wtpt", place, len(white)), (b"kTRC", place + 20, len(curve))):
        tags += name + start.to_bytes(4, "big") + length.to_bytes(4, "big")
    size = place + len(white) + len(curve)
    head = size.to_bytes(4, "big") + b"lcms" + bytes.fromhex("02100000") + b"mntrGRAYXYZ "
    head = head.ljust(36, b"\0") + b"acsp" + bytes(28) + bytes.fromhex("0000f6d6000100000000d32d")
    return head.ljust(128, b"\0") + tags + white + curve


def to_srgb(image: Image.Image, icc: bytes) -> Image.Image:
    done = colour.to_srgb(image, icc)
    assert (done.mode, done.size) == ("RGB", image.size)
    return done


def test_srgb_stays_as_it_is() -> None:
    image = Image.fromarray(picture(60, 40))
    assert to_srgb(image, profile()) is image


def test_colours_change_as_the_profile_says() -> None:
    image = Image.fromarray(picture(60, 40))
    done = np.asarray(to_srgb(image, linear_rgb())).astype(float)
    linear = np.asarray(image) / 255
    expected = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    assert np.abs(done - 255 * expected).mean() < 1  # IEC 61966-2-1
    assert np.abs(np.asarray(image) - 255 * expected).mean() > 20


def test_a_grey_profile_turns_grey_into_srgb() -> None:
    image = Image.fromarray(picture(60, 40, 1))
    done = np.asarray(to_srgb(image, grey_profile())).astype(float)
    linear = np.asarray(image) / 255
    expected = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    assert np.abs(done - 255 * expected[..., None]).mean() < 1.5
    grey = to_srgb(image.convert("RGB"), grey_profile())
    assert np.array_equal(np.asarray(grey), done)


def test_a_grey_picture_with_a_profile_of_colours_is_shown() -> None:
    image = Image.fromarray(picture(60, 40, 1))
    assert np.array_equal(np.asarray(to_srgb(image, profile())), np.dstack([np.asarray(image)] * 3))


def test_a_profile_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    real = ImageCms.buildTransform

    def counting(*arguments: object) -> ImageCms.ImageCmsTransform:
        made.append(arguments)
        return real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(ImageCms, "buildTransform", counting)
    icc = linear_rgb() + b"\0" * 5  # bytes that no other test has
    for _ in range(3):
        to_srgb(Image.fromarray(picture(8, 8)), bytes(bytearray(icc)))
    assert len(made) == 1
    kept = colour._transform.cache_info()
    assert kept.maxsize == 8


@pytest.mark.parametrize("data", [b"", b"profile", bytes(200), bytes((16 << 20) + 1)])
def test_a_profile_that_is_none_is_damage(data: bytes) -> None:
    with pytest.raises(DamagedSlide, match="without icc=srgb"):
        colour.to_srgb(Image.new("RGB", (4, 4)), data)


def test_a_profile_of_other_colours_is_refused_by_name() -> None:
    with pytest.raises(UnsupportedSlide, match="for Lab"):
        colour.to_srgb(Image.new("RGB", (4, 4)), profile("LAB"))


@given(changes=st.lists(st.tuples(st.integers(0, 600), st.integers(0, 255)), max_size=8))
def test_a_damaged_profile_is_refused_or_gives_a_picture(changes: list[tuple[int, int]]) -> None:
    data = bytearray(profile())
    for place, value in changes:
        data[place % len(data)] = value
    try:
        to_srgb(Image.new("RGB", (4, 4), (9, 99, 200)), bytes(data))
    except SlideError as error:
        assert "icc=srgb" in error.message  # noqa: PT017 - both outcomes are right


def test_the_profile_of_a_real_slide_is_applied(real_data: Path) -> None:
    with tifffile.TiffFile(real_data / "slides" / "TCGA-CR-7395-01A-01-TS1.svs") as file:
        icc = file.pages.first.tags[34675].value
    image = Image.fromarray(picture(60, 40))
    done = np.asarray(to_srgb(image, icc)).astype(int)
    target = ImageCms.createProfile("sRGB")
    source = ImageCms.ImageCmsProfile(io.BytesIO(icc))
    theirs = ImageCms.profileToProfile(image, source, target)
    assert theirs is not None
    assert np.abs(done - np.asarray(theirs)).max() <= 1
