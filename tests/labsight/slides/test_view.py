import pytest
from hypothesis import given
from hypothesis import strategies as st

from labsight.errors import InvalidInput
from labsight.slides.axes import Axes, Channel
from labsight.slides.view import Shown, View, default_view, parse_view

TWO = Axes((Channel("DAPI", "0000FF", (5, 900)), Channel("FITC", "00FF00", (0, 255))), z=5, t=3)


def test_all_channels_are_shown_at_the_middle_plane_and_the_first_time() -> None:
    shown = (Shown(0, "0000FF", (5, 900)), Shown(1, "00FF00", (0, 255)))
    assert default_view(TWO) == View(shown, 2, 0)
    assert default_view(Axes()) == View()
    assert parse_view(TWO, None, None, None) == default_view(TWO)


def test_of_very_many_channels_sixteen_are_shown() -> None:
    axes = Axes(tuple(Channel(str(number), "FFFFFF") for number in range(40)))
    assert len(default_view(axes).channels) == 16


def test_channels_take_colour_and_window_of_their_own_unless_told() -> None:
    view = parse_view(TWO, "1,0:ff0000:100-4000", "4", "1")
    assert view.channels == (Shown(1, "00FF00", (0, 255)), Shown(0, "FF0000", (100, 4000)))
    assert (view.z, view.t) == (4, 1)


@pytest.mark.parametrize(
    ("channels", "z", "t", "said"),
    [
        ("2", None, None, "channels 0 to 1"),
        ("0:red", None, None, "write channels as"),
        ("0:FF0000:9-3", None, None, "black must lie below white"),
        ("0:FF0000:1.2.3-4", None, None, "no number"),
        ("", None, None, "write channels as"),
        (",".join(["0"] * 17), None, None, "at most 16"),
        ("0,1,0:FF0000", None, None, "each can be shown once"),
        (None, "5", None, "z 0 to 4"),
        (None, "-1", None, "z 0 to 4"),
        (None, "²", None, "z 0 to 4"),
        (None, None, "3", "t 0 to 2"),
    ],
)
def test_what_is_not_there_is_refused_with_what_is(
    channels: str | None, z: str | None, t: str | None, said: str
) -> None:
    with pytest.raises(InvalidInput, match=said):
        parse_view(TWO, channels, z, t)


def test_views_that_differ_by_little_have_keys_of_their_own() -> None:
    windows = ("0:FF0000:1234567-7654321", "0:FF0000:1234568-7654321", "0:FF0000:0-1234.567")
    keys = {parse_view(TWO, one, None, None).key for one in (*windows, "0:FF0000:0-1234.568")}
    assert len(keys) == 4


def test_a_slide_of_colours_has_no_channels_to_choose() -> None:
    with pytest.raises(InvalidInput, match="colours, not channels"):
        parse_view(Axes(z=3), "0", None, None)


@given(text=st.text(max_size=60), z=st.text(max_size=12))
def test_any_text_is_a_view_or_refused(text: str, z: str) -> None:
    try:
        view = parse_view(TWO, text, z, None)
    except InvalidInput:
        return
    assert 0 <= view.z < TWO.z
    assert all(one.channel < 2 and one.window[0] < one.window[1] for one in view.channels)


def test_planes_are_numbered_channel_first_then_z_then_t() -> None:
    numbers = [TWO.plane(c, z, t) for t in range(3) for z in range(5) for c in range(2)]
    assert numbers == list(range(TWO.planes))
