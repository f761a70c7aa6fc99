"""Which tiles IIIF viewers are told of, and which of them are a slide's own."""

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labsight.slides.geometry import exact_factor
from labsight.slides.index import Coding, SlideIndex
from labsight.tiles.iiif_info import CONTEXT, JSON, JSON_LD, info, media_type
from labsight.tiles.iiif_pyramid import is_offered, own_tile, tile_sets
from labsight.tiles.iiif_request import LIMITS, Limits, parse
from tests.support.plain_slides import index_of

Place = tuple[int, int]


def asked(index: SlideIndex, path: str) -> tuple[int, int, int] | None:
    region, size, rotation, last = path.split("/")
    quality, _, form = last.rpartition(".")
    return own_tile(index, parse(index, region, size, rotation, quality, form))


def viewers_tiles(index: SlideIndex) -> Iterator[tuple[int, Place, str]]:
    """Yield factor, (column, row) and path of each tile, as the implementation notes work it out.

    https://iiif.io/api/image/3.0/implementation/#3-tile-region-parameter-calculation
    """
    for (wide, high), factors in tile_sets(index, LIMITS):
        for factor in factors:
            for row in range(-(-index.height // (high * factor))):
                for column in range(-(-index.width // (wide * factor))):
                    x, y = column * wide * factor, row * high * factor
                    width = min(wide * factor, index.width - x)
                    height = min(high * factor, index.height - y)
                    size = f"{-(-width // factor)},{-(-height // factor)}"
                    path = f"{x},{y},{width},{height}/{size}/0/default.jpg"
                    yield factor, (column, row), path


@pytest.mark.parametrize(
    ("levels", "factors"),
    [
        (((1000, 740), (500, 370), (250, 185)), [1, 2, 4]),
        (((1001, 741), (501, 371), (251, 186)), [1, 2, 4]),  # rounded up
        (((1003, 743), (250, 185)), [1, 4]),  # rounded down
        (((1003, 743), (251, 185)), [1, 4]),  # each its way
        (((1000, 740), (333, 246)), [1, 3]),
        (((1000, 740), (301, 223)), [1, None]),
        (((1000, 740), (500, 360)), [1, None]),  # one side alone
        (((90_000, 3), (703, 1)), [1, 128]),
    ],
)
def test_a_level_is_exact_when_its_size_is_the_full_one_over_a_whole_number(
    levels: tuple[Place, ...], factors: list[int | None]
) -> None:
    index = index_of(*levels)
    assert [exact_factor(index, number) for number in range(len(levels))] == factors


def test_viewers_tiles_of_levels_rounded_up_are_all_the_slides_own() -> None:
    index = index_of((1001, 741), (501, 371), (251, 186), tile=240)
    numbers = {1: 0, 2: 1, 4: 2}
    found = [(asked(index, path), factor, place) for factor, place, path in viewers_tiles(index)]
    real = [one for one in found if one[1] in numbers]
    assert len(real) == 5 * 4 + 3 * 2 + 2 * 1
    assert all(tile == (numbers[factor], *place) for tile, factor, place in real)
    assert all(tile is None for tile, factor, _ in found if factor not in numbers)


def test_of_levels_rounded_down_all_tiles_but_the_last_column_and_row_are_own() -> None:
    index = index_of((4003, 4003), (1000, 1000), tile=250)
    found = {place: asked(index, path) for at, place, path in viewers_tiles(index) if at == 4}
    assert len(found) == 5 * 5  # a viewer that rounds up sees 1001 px
    assert all(
        tile == ((1, column, row) if column < 4 and row < 4 else None)
        for (column, row), tile in found.items()
    )


def test_who_knows_the_real_size_of_a_level_rounded_down_gets_its_last_tile() -> None:
    index = index_of((4003, 4003), (1000, 1000), tile=256)
    assert asked(index, "3072,3072,931,931/232,232/0/default.jpg") == (1, 3, 3)
    assert asked(index, "3072,3072,931,931/233,233/0/default.jpg") is None


def test_one_tile_that_holds_the_whole_slide_is_own() -> None:
    index = index_of((1000, 740), (250, 185))
    assert asked(index, "full/250,185/0/default.jpg") == (1, 0, 0)
    assert asked(index, "full/!250,250/0/color.jpg") == (1, 0, 0)
    assert asked(index_of((200, 100)), "full/max/0/default.jpg") == (0, 0, 0)


@pytest.mark.parametrize(
    "path",
    [
        "0,0,256,256/256,256/90/default.jpg",
        "0,0,256,256/256,256/!0/default.jpg",
        "0,0,256,256/256,256/0/gray.jpg",
        "0,0,256,256/256,256/0/default.png",
        "0,0,256,256/128,128/0/default.jpg",
        "0,0,256,256/^512,512/0/default.jpg",
        "1,0,256,256/256,256/0/default.jpg",
        "0,0,255,256/255,256/0/default.jpg",
        "0,0,512,256/512,256/0/default.jpg",
        "768,512,232,227/232,227/0/default.jpg",
        "0,0,1024,512/256,128/0/default.jpg",
    ],
)
def test_whatever_differs_from_a_published_tile_is_made(path: str) -> None:
    assert asked(index_of((1000, 740), (250, 185)), path) is None


@settings(max_examples=150, deadline=None)
@given(
    size=st.tuples(st.integers(1, 3000), st.integers(1, 3000)),
    tile=st.sampled_from([64, 240, 256, 1000]),
    steps=st.lists(st.integers(2, 5), max_size=3),
    up=st.booleans(),
)
def test_viewers_tiles_are_offered_and_own_ones_are_what_they_ask_for(
    size: Place, tile: int, steps: list[int], *, up: bool
) -> None:
    levels, factor = [size], 1
    for step in steps:
        factor *= step
        small = tuple(-(-side // factor) if up else side // factor for side in size)
        if min(small) >= 1:
            levels.append((small[0], small[1]))
    index = index_of(*levels, tile=tile)
    for at, _, path in viewers_tiles(index):
        region, wanted, _, _ = path.split("/")
        request = parse(index, region, wanted, "0", "default", "jpg")
        assert is_offered(index, request)
        own = own_tile(index, request)
        if own is not None:
            number, column, row = own
            level, over = index.levels[number], exact_factor(index, number)
            assert over is not None
            assert level.tile_size(column, row) == request.size
            assert request.box[:2] == (
                column * level.tile_width * over,
                row * level.tile_height * over,
            )
        else:
            assert not up or at not in {exact_factor(index, n) for n in range(len(levels))}


def test_what_no_viewer_asks_for_is_not_offered() -> None:
    index = index_of((1000, 740))
    for path in ("0,0,100,100/100,100", "0,0,512,512/200,200", "full/max", "0,0,3,3/^9,9"):
        region, size = path.split("/")
        assert not is_offered(index, parse(index, region, size, "0", "default", "jpg"))
    turned = parse(index, "0,0,256,256", "max", "90", "default", "jpg")
    assert not is_offered(index, turned)


def test_scale_factors_are_the_powers_of_two_until_one_tile_holds_the_slide() -> None:
    assert tile_sets(index_of((1000, 740)), LIMITS) == [((256, 256), [1, 2, 4])]
    assert tile_sets(index_of((1025, 740)), LIMITS) == [((256, 256), [1, 2, 4, 8])]
    assert tile_sets(index_of((256, 256)), LIMITS) == [((256, 256), [1])]
    # A level in steps of three is not listed: OpenSeadragon would take it for another.
    stepped = index_of((1000, 740), (334, 247))
    assert tile_sets(stepped, LIMITS) == [((256, 256), [1, 2, 4])]


def test_levels_keep_their_own_tile_sizes() -> None:
    index = index_of((4000, 3000), (2000, 1500), (1000, 750), tile=(240, 512, 512))
    assert tile_sets(index, LIMITS) == [((240, 240), [1]), ((512, 512), [2, 4, 8])]


def test_tiles_that_have_to_be_made_are_not_made_large() -> None:
    index = index_of((20_000, 15_000), (5000, 3750), tile=2048)
    assert tile_sets(index, LIMITS) == [
        ((2048, 2048), [1, 4]),
        ((512, 512), [2, 8, 16, 32, 64]),
    ]
    small = Limits(1000, 1000, 1_000_000)
    assert tile_sets(index, small) == [((512, 512), [1, 2, 4, 8, 16, 32, 64])]


def test_factors_end_where_a_tile_would_need_too_much_of_a_large_level() -> None:
    ((_, factors),) = tile_sets(index_of((400_000, 300_000), tile=512), LIMITS)
    assert factors == [1, 2, 4, 8]  # the next would read 8192 x 8192 px a tile


def test_the_description_is_complete() -> None:
    index = index_of((40_000, 30_001), (10_000, 7500), (2500, 1875))
    assert info(index, "https://lab.example/iiif/3/abc") == {
        "@context": CONTEXT,
        "id": "https://lab.example/iiif/3/abc",
        "type": "ImageService3",
        "protocol": "http://iiif.io/api/image",
        "profile": "level2",
        "width": 40_000,
        "height": 30_001,
        "maxWidth": 8192,
        "maxHeight": 8192,
        "maxArea": 16_777_216,
        "sizes": [{"width": 2500, "height": 1875}],  # the others are beyond the limits
        "tiles": [
            {"width": 256, "height": 256, "scaleFactors": [1, 2, 4, 8, 16, 32, 64, 128, 256]}
        ],
        "preferredFormats": ["jpg"],
        "extraFormats": ["webp"],
        "extraQualities": ["color", "gray", "bitonal"],
        "extraFeatures": [
            "canonicalLinkHeader",
            "mirroring",
            "profileLinkHeader",
            "sizeUpscaling",
        ],
    }


def test_every_size_named_is_one_that_can_be_had() -> None:
    index = index_of((3000, 2001), (750, 500), (187, 125))
    for size in info(index, "http://a")["sizes"]:
        asked_for = parse(index, "full", f"{size['width']},{size['height']}", "0", "default", "jpg")
        assert asked_for.size == (size["width"], size["height"])


def test_a_grey_slide_does_not_promise_colour() -> None:
    index = index_of((300, 200), coding=Coding("jpeg", 1, colour="grey"))
    assert info(index, "http://a")["extraQualities"] == ["gray", "bitonal"]


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        (None, JSON_LD),
        ("application/ld+json", JSON_LD),
        ('application/ld+json;profile="http://iiif.io/api/image/3/context.json"', JSON_LD),
        ("Application/LD+JSON, application/json;q=0.9", JSON_LD),
        ("application/ld+json;q=0.5, application/json", JSON),
        ("application/ld+json;q=0", JSON),
        ("application/ld+json;q=much", JSON),
        ("application/json", JSON),
        ("*/*", JSON),
        ("text/html,application/xhtml+xml;q=0.9,*/*;q=0.8", JSON),
        ("", JSON),
        (";;,,;q=" * 100_000, JSON),
    ],
)
def test_the_description_is_linked_data_for_who_takes_it(accept: str | None, kind: str) -> None:
    assert media_type(accept) == kind
