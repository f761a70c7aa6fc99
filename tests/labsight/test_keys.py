import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labsight import keys
from labsight.errors import InvalidInput
from labsight.keys import SlideKey

# Text of any kind, halves of characters among it, and pieces that look like what a key adds.
letters = st.characters(exclude_characters="/", codec=None)
pieces = st.sampled_from([
    "~r2", "~r2.svs", "%7E", "%7Er2", "%2E", "\ud800", "\udcff", "e\u0301", "\u00e9", "\u212b",
    "unit.json", "UNIT.json", "unit%2Ejson", "series-0123abcd", ".", "..", " ", ".ome", ".ome.tif",
    ".svs", "a", "~", "%", "\n", "\0", "\\", ":",
])  # fmt: skip
names = st.one_of(
    st.text(letters, min_size=1, max_size=40),
    st.lists(st.one_of(pieces, letters), min_size=1, max_size=5).map("".join),
)
paths = st.lists(names, min_size=1, max_size=4).map("/".join)
revisions = st.one_of(st.integers(1, 3), st.integers(1, 999_999_999))


@given(path=paths, revision=revisions)
def test_every_key_leads_back_to_the_name_it_was_made_from(path: str, revision: int) -> None:
    key = SlideKey("scanner-1", path, revision)
    assert keys.parse_slide(str(key)) == key


@given(one=paths, other=paths)
def test_two_names_never_share_a_key(one: str, other: str) -> None:
    same = unicodedata.normalize("NFC", one) == unicodedata.normalize("NFC", other)
    assert (str(SlideKey("a", one)) == str(SlideKey("a", other))) == same


@given(one=st.tuples(paths, revisions), other=st.tuples(paths, revisions))
def test_two_revisions_never_share_a_key(one: tuple[str, int], other: tuple[str, int]) -> None:
    first, second = SlideKey("a", *one), SlideKey("a", *other)
    assert (str(first) == str(second)) == (first == second)


@given(folder=paths, revision=revisions)
def test_a_unit_s_key_leads_back_to_its_folder_and_revision(folder: str, revision: int) -> None:
    key = keys.unit_key("scanner-1", folder, revision)
    assert keys.is_unit(key)
    assert keys.parse_unit(key) == SlideKey("scanner-1", folder, revision)


@given(folder=paths, revision=revisions, path=paths, other=revisions)
def test_no_file_ever_has_the_key_of_a_unit(
    folder: str, revision: int, path: str, other: int
) -> None:
    unit = keys.unit_key("lab", folder, revision)
    for name in (path, f"{folder}/{path}", f"{folder}/{keys.UNIT}", f"{folder}~r2/{keys.UNIT}"):
        key = str(SlideKey("lab", name, other))
        assert not keys.is_unit(key)
        assert key.casefold() != unit.casefold()


def test_a_member_s_revision_and_a_unit_s_are_told_apart() -> None:
    assert keys.unit_key("lab", "a/s1", 2) == "slides/lab/a/s1~r2/unit.json"
    assert keys.place_of("slides/lab/a/s1~r2/unit.json") == ("lab", "a/s1", 2)
    assert str(SlideKey("lab", "a/s1~r2/unit.json")) == "slides/lab/a/s1%7Er2/unit%2Ejson"
    assert str(SlideKey("lab", "a/s1/unit.json", 2)) == "slides/lab/a/s1/unit%2Ejson~r2"
    with pytest.raises(InvalidInput, match=r"ends with '/unit\.json'"):
        keys.parse_unit("slides/lab/a/s1.svs")


def test_a_unit_whose_key_is_too_long_for_s3_is_refused() -> None:
    folder = "x" * (keys.MAX_KEY_BYTES - len("slides/lab/"))
    assert SlideKey("lab", folder)
    with pytest.raises(InvalidInput, match="its key has 1034 bytes, S3 takes 1024"):
        keys.unit_key("lab", folder)


@pytest.mark.parametrize("revision", [0, -1, 1_000_000_000])
def test_a_revision_that_no_key_could_tell_is_refused(revision: int) -> None:
    with pytest.raises(InvalidInput, match="count from 1 to 999,999,999"):
        SlideKey("lab", "a.svs", revision)


@given(path=paths)
def test_a_key_holds_nothing_that_s3_or_an_address_takes_badly(path: str) -> None:
    key = str(SlideKey("a", path))
    assert not set(key) & set('\\{}^`[]"<>~#|?*:\0\n\x7f')
    assert not any(part.casefold() in {".", "..", keys.UNIT} for part in key.split("/"))


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("2026/case 7/A1.svs", "slides/lab/2026/case 7/A1.svs"),
        ("../up.svs", "slides/lab/%2E%2E/up.svs"),
        ("a%2e.svs", "slides/lab/a%252e.svs"),
        ("a~r2.svs", "slides/lab/a%7Er2.svs"),
        (" x .svs ", "slides/lab/%20x .svs%20"),
        ("unit.json", "slides/lab/unit%2Ejson"),
        ("a/Unit.JSON", "slides/lab/a/Unit%2EJSON"),
        ("a.svs.", "slides/lab/a.svs."),
        ("Präparat-日本.svs", "slides/lab/Präparat-日本.svs"),
        ("Pra\u0308parat.svs", "slides/lab/Präparat.svs"),
    ],
)
def test_odd_names_are_escaped_and_others_left_alone(path: str, key: str) -> None:
    assert str(SlideKey("lab", path)) == key


def test_a_revision_is_marked_before_the_suffix() -> None:
    assert str(SlideKey("lab", "a/b.ome.tif", 3)) == "slides/lab/a/b~r3.ome.tif"
    assert str(SlideKey("lab", "a.b/c", 2)) == "slides/lab/a.b/c~r2"


@pytest.mark.parametrize("path", ["", "/a", "a/", "a//b"])
def test_a_path_with_an_empty_part_is_refused(path: str) -> None:
    with pytest.raises(InvalidInput, match="no empty part"):
        SlideKey("lab", path)


def test_a_name_too_long_for_s3_is_refused_with_the_limit() -> None:
    with pytest.raises(InvalidInput, match="S3 takes 1024"):
        SlideKey("lab", "日" * 300 + "x" * 300)


def test_a_name_of_300_characters_is_taken() -> None:
    key = SlideKey("lab", "x" * 296 + ".svs")
    assert keys.parse_slide(str(key)) == key


@pytest.mark.parametrize("source", ["", "A", "-a", "a_b", "a" * 64, "a/b"])
def test_an_ill_formed_source_is_refused(source: str) -> None:
    with pytest.raises(InvalidInput, match="lower-case letters"):
        SlideKey(source, "a.svs")


@pytest.mark.parametrize(
    "key",
    ["other/lab/a.svs", "slides/lab", "slides/lab/a~x.svs", "slides/lab/%ZZ", "slides/lab/%FF"],
)
def test_a_key_of_other_making_is_refused_by_parse_but_still_shown(key: str) -> None:
    with pytest.raises(InvalidInput):
        keys.parse_slide(key)
    source, path, revision = keys.place_of(key)
    assert path
    assert revision == 1
    assert source is not None


def test_ids_differ_by_key_and_have_the_form_that_is_checked() -> None:
    ids = {keys.slide_id(f"slides/lab/{number}.svs") for number in range(1000)}
    assert len(ids) == 1000
    assert all(keys.check_slide_id(one) == one for one in ids)


@pytest.mark.parametrize("text", ["", "../../etc", "A" * 16, "a" * 15, "a" * 17, "a" * 15 + "\n"])
def test_what_is_not_an_id_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="16 characters"):
        keys.check_slide_id(text)


def test_control_characters_are_replaced_for_show() -> None:
    assert keys.printable("a\0b\ud800c") == "a\ufffdb\ufffdc"
    assert keys.printable("a\u202egpj.svs\u2069") == "a\ufffdgpj.svs\ufffd"
    assert keys.printable("שקופית é 玻片.svs") == "שקופית é 玻片.svs"


def test_results_from_the_desktop_lie_apart_from_what_was_scanned_or_derived() -> None:
    prefixes = (keys.SLIDES, keys.DERIVED, keys.WORK)
    assert len({prefix.partition("/")[0] for prefix in prefixes}) == len(prefixes)
    with pytest.raises(InvalidInput, match="a slide's key starts with 'slides/'"):
        keys.parse_slide(f"{keys.WORK}results.csv")
