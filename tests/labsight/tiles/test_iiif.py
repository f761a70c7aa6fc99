"""Pictures as IIIF requests ask for them."""

import io
from math import ceil

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from labsight.errors import InvalidInput
from labsight.slides.axes import Axes
from labsight.slides.view import Shown, View, default_view
from labsight.tiles import iiif_drawing
from labsight.tiles.iiif_request import parse
from tests.support.made_slides import aperio_writer, picture
from tests.support.plain_slides import PlainPixels, index_of

SIZE = (1000, 740)
PICTURE = picture(SIZE)
INDEX = index_of(SIZE, (250, 185))
VIEW = default_view(Axes())


def draw(path: str, pixels: PlainPixels | None = None) -> Image.Image:
    region, size, rotation, last = path.split("/")
    quality, _, form = last.rpartition(".")
    used = pixels or PlainPixels(INDEX, PICTURE)
    request = parse(used.index, region, size, rotation, quality, form)
    return Image.open(io.BytesIO(iiif_drawing.draw(used.index, used, request, VIEW)))


def values(image: Image.Image) -> NDArray[np.int16]:
    return np.asarray(image.convert("RGB"), np.int16)


def test_a_region_at_its_own_size_has_the_slides_pixels() -> None:
    found = values(draw("123,45,300,200/max/0/default.png"))
    assert np.array_equal(found, PICTURE[45:245, 123:423])


@pytest.mark.parametrize(
    ("path", "level"),
    [
        ("full/max/0/default.jpg", 0),
        ("full/260,192/0/default.jpg", 0),
        ("full/250,185/0/default.jpg", 1),
        ("full/20,/0/default.jpg", 1),
        ("0,0,400,400/100,100/0/default.jpg", 1),
        ("0,0,400,400/100,400/0/default.jpg", 0),  # as fine as the finer side asks for
        ("0,0,10,10/^900,900/0/default.jpg", 0),
    ],
)
def test_it_is_drawn_from_the_coarsest_level_that_is_fine_enough(path: str, level: int) -> None:
    pixels = PlainPixels(INDEX, PICTURE)
    draw(path, pixels)
    assert {asked[0] for asked in pixels.asked} == {level}


def test_a_scaled_region_shows_the_same_place() -> None:
    found = values(draw("400,200,400,400/100,100/0/default.png"))
    expected = aperio_writer.reduce(PICTURE, 4)[50:150, 100:200]
    assert np.array_equal(found, expected)
    # Odd numbers fall between the px of a level: half a px is the most that a picture is off.
    found = values(draw("401,203,333,301/83,75/0/default.png"))
    across, down = found[:, 40, 0].mean(), found[37, :, 1].mean()
    assert across == pytest.approx((401 + 40.5 / 83 * 333) * 256 / 1000, abs=1.5)
    assert down == pytest.approx((203 + 37.5 / 75 * 301) * 256 / 740, abs=1.5)


def test_what_is_enlarged_is_smooth_and_in_place() -> None:
    found = values(draw("100,100,20,10/^400,200/0/default.png"))
    assert found.shape == (200, 400, 3)
    red = found[100, :, 0]
    assert np.all(np.diff(red) >= 0)  # no squares, no ringing
    assert red[0] == pytest.approx(100 * 256 / 1000, abs=1)
    assert red[-1] == pytest.approx(119 * 256 / 1000, abs=1)


def test_one_side_may_grow_while_the_other_shrinks() -> None:
    pixels = PlainPixels(INDEX, PICTURE)
    assert draw("0,0,100,100/^300,10/0/default.jpg", pixels).size == (300, 10)
    assert pixels.asked == [(0, (0, 0, 100, 100), (100, 10))]


CORNERS = {
    "0": ((0, 0), (1, 0), (0, 1), (1, 1)),
    "90": ((0, 1), (0, 0), (1, 1), (1, 0)),
    "180": ((1, 1), (0, 1), (1, 0), (0, 0)),
    "270": ((1, 0), (1, 1), (0, 0), (0, 1)),
    "!0": ((1, 0), (0, 0), (1, 1), (0, 1)),
    "!90": ((1, 1), (1, 0), (0, 1), (0, 0)),
    "!180": ((0, 1), (1, 1), (0, 0), (1, 0)),
    "!270": ((0, 0), (0, 1), (1, 0), (1, 1)),
}


@pytest.mark.parametrize("rotation", CORNERS)
def test_it_is_mirrored_then_turned_clockwise(rotation: str) -> None:
    """The corners, top row first, show which corner of the slide (right, bottom) is there."""
    found = draw(f"full/max/{rotation}/default.png")
    assert found.size == (
        SIZE
        if rotation.endswith(("0", "180")) and "9" not in rotation and "7" not in rotation
        else SIZE[::-1]
    )
    shown = values(found)
    corners = [shown[0, 0], shown[0, -1], shown[-1, 0], shown[-1, -1]]
    assert [(int(red > 128), int(green > 128)) for red, green, _ in corners] == list(
        CORNERS[rotation]
    )


def test_the_size_is_that_before_the_turn() -> None:
    assert draw("full/300,100/90/default.jpg").size == (100, 300)


@pytest.mark.parametrize(
    ("last", "kind", "mode"),
    [
        ("default.jpg", "JPEG", "RGB"),
        ("color.png", "PNG", "RGB"),
        ("default.webp", "WEBP", "RGB"),
        ("gray.jpg", "JPEG", "L"),
        ("gray.png", "PNG", "L"),
        ("gray.webp", "WEBP", "RGB"),  # the format has no grey
        ("bitonal.png", "PNG", "L"),
        ("bitonal.jpg", "JPEG", "L"),
    ],
)
def test_qualities_and_formats_are_what_they_say(last: str, kind: str, mode: str) -> None:
    found = draw(f"full/200,/0/{last}")
    assert (found.format, found.mode, found.size) == (kind, mode, (200, 148))


def test_grey_is_the_brightness_and_bitonal_its_nearer_end() -> None:
    grey = np.asarray(draw("full/max/0/gray.png"), np.int16)
    red, green, blue = (PICTURE[..., n].astype(float) for n in range(3))
    assert np.abs(grey - (0.299 * red + 0.587 * green + 0.114 * blue)).max() < 1
    two = np.asarray(draw("full/max/0/bitonal.png"))
    assert np.array_equal(two, np.where(grey < 128, 0, 255))


def test_colours_are_changed_before_they_are_turned_to_grey() -> None:
    pixels = PlainPixels(INDEX, PICTURE)
    request = parse(INDEX, "full", "max", "0", "gray", "png")

    def blacken(image: Image.Image) -> Image.Image:
        assert image.mode == "RGB"
        return image.point([0] * 768)

    data = iiif_drawing.draw(INDEX, pixels, request, VIEW, blacken)
    assert np.asarray(Image.open(io.BytesIO(data))).max() == 0


def test_the_view_is_handed_on() -> None:
    seen: list[View | None] = []

    class Asked(PlainPixels):
        def region(
            self,
            level: int,
            box: tuple[int, int, int, int],
            size: tuple[int, int],
            view: View | None = None,
        ) -> Image.Image:
            seen.append(view)
            return super().region(level, box, size, view)

    view = View((), 2, 1)
    request = parse(INDEX, "full", "max", "0", "default", "jpg")
    iiif_drawing.draw(INDEX, Asked(INDEX, PICTURE), request, view)
    assert seen == [view]


def test_large_levels_are_read_in_stripes_that_meet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(iiif_drawing, "_STRIPE_PX", 100_000)
    pixels = PlainPixels(INDEX, PICTURE)
    found = values(draw("full/500,370/0/default.png", pixels))
    assert len(pixels.asked) == ceil(370 / (100_000 * 370 // 740_000))
    assert np.array_equal(found, aperio_writer.reduce(PICTURE, 2))


def test_a_slide_without_small_levels_is_not_read_whole() -> None:
    index = index_of((100_000, 80_000))
    request = parse(index, "full", "500,", "0", "default", "jpg")
    with pytest.raises(InvalidInput, match="no level small enough"):
        iiif_drawing.draw(index, PlainPixels(index, PICTURE), request, VIEW)


def test_many_channels_of_a_large_level_are_not_read_at_once() -> None:
    index = index_of((16_000, 16_000))
    request = parse(index, "full", "500,", "0", "default", "jpg")
    many = View(tuple(Shown(number, "FF0000", (0, 255)) for number in range(5)))
    with pytest.raises(InvalidInput, match="fewer channels"):
        iiif_drawing.draw(index, PlainPixels(index, PICTURE), request, many)


@pytest.mark.parametrize("levels", [((1003, 743), (250, 185)), ((1003, 743), (251, 186))])
def test_the_last_tiles_reach_to_the_edge_however_levels_are_rounded(
    levels: tuple[tuple[int, int], ...],
) -> None:
    index = index_of(*levels)
    pixels = PlainPixels(index, picture((1003, 743)))
    wide, high = levels[1]
    draw("992,0,11,743/2,185/0/default.png", pixels)
    draw("0,736,1003,7/250,1/0/default.png", pixels)
    draw("999,0,4,743/1,185/0/default.png", pixels)  # most of it lies beyond 250 x 4 px
    assert [asked[:2] for asked in pixels.asked] == [
        (1, (248, 0, wide - 248, high)),
        (1, (0, 184, wide, high - 184)),
        (1, (wide - 1, 0, 1, high)),
    ]


def test_a_level_of_another_step_is_read_where_it_shows_the_region() -> None:
    index = index_of((1000, 740), (301, 223))
    pixels = PlainPixels(index, PICTURE)
    request = parse(index, "500,370,500,370", "100,74", "0", "default", "jpg")

    class Levels(PlainPixels):
        def _level(self, number: int) -> NDArray[np.uint8]:
            size = index.levels[number].width, index.levels[number].height
            return np.asarray(Image.fromarray(self.picture).resize(size, Image.Resampling.BOX))

    pixels = Levels(index, PICTURE)
    data = iiif_drawing.draw(index, pixels, request, VIEW)
    assert pixels.asked == [(1, (151, 112, 150, 111), (100, 74))]
    assert values(Image.open(io.BytesIO(data)))[0, 0, 0] == pytest.approx(128, abs=4)
