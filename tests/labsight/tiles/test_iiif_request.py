"""The parameters of IIIF requests, by the tables of the specification's sections 4.1 to 4.8."""

import time
from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labsight.errors import InvalidInput
from labsight.slides.axes import Axes, Channel
from labsight.slides.index import Coding, SlideIndex
from labsight.tiles.iiif_request import LIMITS, ImageRequest, Limits, is_grey, parse
from tests.support.plain_slides import index_of

# The picture of the specification's examples.
SMALL = index_of((300, 200))
LARGE = index_of((100_000, 60_000))
GREY = index_of((300, 200), coding=Coding("jpeg", 1, colour="grey"))


def request(
    index: SlideIndex = SMALL,
    region: str = "full",
    size: str = "max",
    rotation: str = "0",
    last: str = "default.jpg",
) -> ImageRequest:
    quality, _, form = last.rpartition(".")
    return parse(index, region, size, rotation, quality, form)


@pytest.mark.parametrize(
    ("region", "box"),
    [
        ("full", (0, 0, 300, 200)),
        ("square", (50, 0, 200, 200)),
        ("125,15,120,140", (125, 15, 120, 140)),
        ("0,0,300,200", (0, 0, 300, 200)),
        ("0,0,1,1", (0, 0, 1, 1)),
        ("299,199,1,1", (299, 199, 1, 1)),
        ("125,15,200,200", (125, 15, 175, 185)),  # the specification's own clipped examples
        ("pct:41.6,7.5,66.6,100", (125, 15, 175, 185)),
        ("pct:41.6,7.5,40,70", (125, 15, 120, 140)),
        ("299,199,999999999999999,999999999999999", (299, 199, 1, 1)),
        ("00125,015,0120,0140", (125, 15, 120, 140)),
        ("pct:0,0,100,100", (0, 0, 300, 200)),
        ("pct:0,0,999999999,100", (0, 0, 300, 200)),
        ("pct:50,50,50,50", (150, 100, 150, 100)),
        ("pct:.5,.5,1.,1.", (2, 1, 3, 2)),  # 1.5 to 4.5 px, 1 to 3 px
        ("pct:99.8,0,10,10", (299, 0, 1, 20)),
        ("pct:33.333333333333,0,0.2,100", (100, 0, 1, 200)),
    ],
)
def test_a_region_is_cut_to_the_slide(region: str, box: tuple[int, int, int, int]) -> None:
    assert request(region=region).box == box


def test_a_tall_slide_has_its_square_in_the_middle() -> None:
    assert request(index_of((200, 301)), "square").box == (0, 50, 200, 200)


def test_parts_by_percent_that_share_an_edge_cover_every_pixel_once() -> None:
    index = index_of((997, 991))
    parts = [request(index, f"pct:{n * 12.5},0,12.5,100").box for n in range(8)]
    assert parts[0][0] == 0
    assert all(a[0] + a[2] == b[0] for a, b in pairwise(parts))
    assert sum(part[2] for part in parts) == 997


@pytest.mark.parametrize(
    "region",
    [
        "300,0,1,1",
        "0,200,1,1",
        "0,0,0,1",
        "0,0,1,0",
        "pct:100,0,1,1",
        "pct:0,0,0,100",
        "pct:0,0,0.0001,100",  # no whole pixel
        "pct:10,10,20",
        "pct:-1,0,50,50",
        "pct:1e1,0,50,50",
        "pct:0x1,0,50,50",
        "pct:1.2.3,0,50,50",
        "pct:.,0,50,50",
        "pct:nan,nan,nan,nan",
        "pct:inf,0,1,1",
        "pct:+1,0,50,50",
        "pct:0.0000000000001,0,50,50",
        "PCT:0,0,50,50",
        "-1,0,10,10",
        "1.5,0,10,10",
        "1,2,3",
        "1,2,3,4,5",
        "1,2,3,",
        " 1,2,3,4",
        "1,2,3,4\n",
        "1_0,2,3,4",
        "٣,0,10,10",
        "²,0,10,10",
        "9999999999999999,0,1,1",
        "Full",
        "FULL",
        "",
        "squared",
        "1" * 100_000,
    ],
)
def test_a_region_that_is_nowhere_or_nothing_is_refused(region: str) -> None:
    with pytest.raises(InvalidInput, match=r"^region="):
        request(region=region)


@pytest.mark.parametrize(
    ("size", "drawn"),
    [
        ("max", (300, 200)),
        ("150,", (150, 100)),
        (",150", (225, 150)),
        ("pct:50", (150, 100)),
        ("pct:100", (300, 200)),
        ("pct:33.3", (100, 67)),
        ("pct:0.5", (2, 1)),  # 1.5 and 1 px
        ("225,100", (225, 100)),
        ("300,1", (300, 1)),
        ("!225,100", (150, 100)),
        ("!100,225", (100, 67)),
        ("!400,100", (150, 100)),
        ("!300,200", (300, 200)),
        ("!999999999,200", (300, 200)),
        ("^360,", (360, 240)),
        ("^,240", (360, 240)),
        ("^pct:120", (360, 240)),
        ("^pct:50", (150, 100)),
        ("^360,360", (360, 360)),
        ("^!360,360", (360, 240)),
        ("^!150,9999", (150, 100)),
        ("^max", (5016, 3344)),  # 16.8 million px in the shape of 3 to 2
        ("^300,", (300, 200)),
        ("^!999999999,999999999", (5016, 3344)),
    ],
)
def test_a_size_is_worked_out_from_the_region(size: str, drawn: tuple[int, int]) -> None:
    assert request(size=size).size == drawn


def test_a_size_is_of_the_region_not_of_the_slide() -> None:
    assert request(region="0,0,100,50", size="max").size == (100, 50)
    assert request(region="0,0,100,50", size="!60,60").size == (60, 30)
    assert request(region="125,15,200,200", size="pct:50").size == (88, 93)  # cut first


@pytest.mark.parametrize(
    "size",
    [
        "full",
        "Max",
        "",
        ",",
        "^",
        "^,",
        "!",
        "!,",
        "!100,",
        "!,100",
        "!0,100",
        "0,",
        ",0",
        "0,0",
        "1,0",
        "pct:0",
        "pct:0.1",  # 0.3 x 0.2 px
        "pct:-5",
        "pct:nan",
        "pct:1e2",
        "pct:",
        "pct:100,",
        "!pct:50",
        "150",
        "1.5,",
        "-150,",
        "+150,",
        "٣٠,",
        "1_0,",
        ",^240",
        "^^150,",
        "!^150,100",
        "9" * 100_000 + ",",
    ],
)
def test_a_size_that_means_nothing_is_refused(size: str) -> None:
    with pytest.raises(InvalidInput, match=r"^size="):
        request(size=size)


@pytest.mark.parametrize(
    "size", ["301,", ",201", "301,200", "300,201", "pct:100.1", "pct:100.0001", "!301,201"]
)
def test_a_picture_larger_than_the_region_needs_a_caret(size: str) -> None:
    with pytest.raises(InvalidInput, match=r"larger than the region of 300 x 200 px; put \^"):
        request(size=size)


@pytest.mark.parametrize("size", ["^8193,", "^9000,1", "^5018,3344", "^pct:999999999", "^,999999"])
def test_a_picture_beyond_the_limits_is_refused_with_the_limits(size: str) -> None:
    with pytest.raises(InvalidInput, match="at most 8192 x 8192 px and 16777216 px in all"):
        request(size=size)


@pytest.mark.parametrize(
    ("full", "drawn"),
    [
        ((100_000, 60_000), (5287, 3172)),
        ((60_000, 100_000), (3172, 5287)),
        ((8192, 2048), (8192, 2048)),
        ((8193, 2052), (8184, 2049)),  # by area
        ((100_000, 1_000), (8192, 82)),
        ((4_000_000, 10), (8192, 1)),  # never less than a pixel
        ((4096, 4096), (4096, 4096)),
    ],
)
def test_the_largest_picture_keeps_to_the_limits_and_the_shape(
    full: tuple[int, int], drawn: tuple[int, int]
) -> None:
    assert request(index_of(full), size="max").size == drawn


def test_a_box_larger_than_the_limits_is_taken_as_the_limits() -> None:
    assert request(LARGE, size="!99999,59999").size == request(LARGE, size="max").size


def test_other_limits_can_be_set() -> None:
    asked = parse(SMALL, "full", "max", "0", "default", "jpg", Limits(100, 100, 5000))
    assert asked.size == (86, 57)
    assert asked.canonical == "full/max/0/default.jpg"


@pytest.mark.parametrize(
    ("rotation", "mirrored", "angle"),
    [
        ("0", False, 0),
        ("90", False, 90),
        ("180", False, 180),
        ("270", False, 270),
        ("360", False, 0),
        ("!0", True, 0),
        ("!180", True, 180),
        ("90.0", False, 90),
        ("090", False, 90),
        ("270.000000000000", False, 270),
    ],
)
def test_a_rotation_is_by_right_angles(rotation: str, mirrored: bool, angle: int) -> None:
    asked = request(rotation=rotation)
    assert (asked.mirrored, asked.rotation) == (mirrored, angle)


@pytest.mark.parametrize(
    "rotation",
    ["22.5", "1", "450", "-90", "+90", "", "!", "!!90", "90!", "ninety", "nan", "1e2", "٩٠"],
)
def test_another_rotation_is_refused(rotation: str) -> None:
    with pytest.raises(InvalidInput, match=r"^rotation="):
        request(rotation=rotation)


@pytest.mark.parametrize("last", ["native.jpg", "grey.jpg", ".jpg", "Default.jpg", "jpg"])
def test_another_quality_is_refused(last: str) -> None:
    with pytest.raises(InvalidInput, match=r"^quality="):
        request(last=last)


@pytest.mark.parametrize("last", ["default.gif", "default.", "default.JPG", "default.jpeg"])
def test_another_format_is_refused(last: str) -> None:
    with pytest.raises(InvalidInput, match=r"^format="):
        request(last=last)


@pytest.mark.parametrize(
    ("asked", "canonical"),
    [
        (("full", "max", "0", "default.jpg"), "full/max/0/default.jpg"),
        (("0,0,999,999", "300,200", "360", "color.jpg"), "full/max/0/default.jpg"),
        (("full", "pct:100", "0.0", "default.jpg"), "full/max/0/default.jpg"),
        (("full", "^!300,900", "0", "default.jpg"), "full/max/0/default.jpg"),
        (("full", "^max", "0", "default.jpg"), "full/^max/0/default.jpg"),
        (("full", "^5016,", "0", "default.jpg"), "full/^max/0/default.jpg"),
        (("full", "150,", "0", "gray.png"), "full/150,100/0/gray.png"),
        (("full", "!150,150", "!90", "bitonal.webp"), "full/150,100/!90/bitonal.webp"),
        (("full", "^360,", "0", "default.jpg"), "full/^360,240/0/default.jpg"),
        (("full", "^300,201", "0", "default.jpg"), "full/^300,201/0/default.jpg"),
        (("full", "^150,", "0", "default.jpg"), "full/150,100/0/default.jpg"),
        (("square", ",100", "0", "default.jpg"), "50,0,200,200/100,100/0/default.jpg"),
        (("pct:41.6,7.5,66.6,100", "max", "0", "default.jpg"), "125,15,175,185/max/0/default.jpg"),
    ],
)
def test_requests_for_one_picture_share_one_canonical_path(
    asked: tuple[str, str, str, str], canonical: str
) -> None:
    found = request(SMALL, *asked)
    assert found.canonical == canonical
    # The canonical path asks for the very same picture.
    assert request(SMALL, *canonical.split("/")) == found


def test_grey_slides_are_grey_by_default_and_have_no_other_colour() -> None:
    assert is_grey(GREY)
    assert request(GREY, last="gray.jpg").canonical == "full/max/0/default.jpg"
    assert request(GREY, last="color.jpg").canonical == "full/max/0/default.jpg"
    assert request(GREY, last="bitonal.jpg").quality == "bitonal"


def test_grey_samples_of_channels_are_shown_in_colour() -> None:
    axes = Axes((Channel("DAPI", "0000FF"),))
    index = index_of((300, 200), coding=Coding("jpeg", 1, colour="grey"), axes=axes)
    assert not is_grey(index)
    assert request(index, last="gray.jpg").quality == "gray"


def test_a_refusal_repeats_only_the_start_of_what_was_asked_and_nothing_unprintable() -> None:
    with pytest.raises(InvalidInput) as caught:
        request(region="\x00\ud800" + "x" * 500)
    assert len(caught.value.message) < 120
    assert caught.value.message.encode().isascii() is False
    assert caught.value.message.isprintable()


NUMBER = st.one_of(
    st.integers(-5, 10**20).map(str),
    st.decimals(-5, 10**10, allow_nan=True).map(str),
    st.sampled_from(["", "0", "nan", "1e9", "٣", "²", ".", "5.", ".5", "-0", "0.000000000001"]),
)
REGION = st.one_of(
    st.text(max_size=40),
    st.sampled_from(["full", "square"]),
    st.lists(NUMBER, min_size=3, max_size=5).map(",".join),
    st.lists(NUMBER, min_size=4, max_size=4).map(lambda parts: "pct:" + ",".join(parts)),
)
SIZE = st.one_of(
    st.text(max_size=40),
    st.tuples(st.sampled_from(["", "^", "!", "^!", "pct:", "^pct:"]), NUMBER).map("".join),
    st.tuples(st.sampled_from(["", "^", "!", "^!"]), NUMBER, NUMBER).map(
        lambda parts: f"{parts[0]}{parts[1]},{parts[2]}"
    ),
    st.sampled_from(["max", "^max"]),
)
SIDE = st.integers(1, 4_000_000)


@settings(max_examples=500, deadline=None)
@given(wide=SIDE, high=SIDE, region=REGION, size=SIZE)
def test_any_text_is_a_picture_within_bounds_or_refused(
    wide: int, high: int, region: str, size: str
) -> None:
    index = index_of((wide, high))
    started = time.process_time()
    asked = None
    with suppress(InvalidInput):
        asked = request(index, region, size)
    if asked is not None:
        x, y, width, height = asked.box
        assert 0 <= x < x + width <= wide
        assert 0 <= y < y + height <= high
        assert LIMITS.hold(asked.size)
        assert min(asked.size) >= 1
        if not size.startswith("^"):
            assert asked.size[0] <= width
            assert asked.size[1] <= height
        assert request(index, *asked.canonical.split("/")) == asked
    assert time.process_time() - started < 0.2


@settings(max_examples=200, deadline=None)
@given(wide=SIDE, high=SIDE, into=st.tuples(SIDE, SIDE))
def test_a_confined_picture_is_as_large_as_its_box_and_limits_allow(
    wide: int, high: int, into: tuple[int, int]
) -> None:
    index = index_of((wide, high))
    drawn = request(index, size=f"^!{into[0]},{into[1]}").size
    assert drawn[0] <= into[0]
    assert drawn[1] <= into[1]
    # One px more, in the region's shape, would not fit: into the box, or into the limits.
    wider = drawn[0] + 1, (drawn[0] + 1) * high / wide
    taller = (drawn[1] + 1) * wide / high, drawn[1] + 1
    for grown in (wider, taller):
        assert (
            grown[0] > min(into[0], LIMITS.width) - 0.5
            or grown[1] > min(into[1], LIMITS.height) - 0.5
            or grown[0] * grown[1] > LIMITS.area
        )


def test_the_large_slide_of_a_scanner_is_asked_for_in_tiles() -> None:
    asked = request(LARGE, "98304,57344,1696,2656", "424,664")
    assert asked.canonical == "98304,57344,1696,2656/424,664/0/default.jpg"
