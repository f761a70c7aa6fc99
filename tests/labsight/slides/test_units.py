import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labsight import keys
from labsight.errors import DamagedSlide
from labsight.slides import units
from labsight.slides.units import Member, Unit

UNIT_KEY = keys.unit_key("lab", "case 1/s1")
SLIDE = Unit("mrxs", (Member("case 1/s1.mrxs", 5, "abc"), Member("case 1/s1/Data0000.dat", 7)))


def document(**changes: object) -> bytes:
    return json.dumps({**json.loads(units.write(SLIDE)), **changes}).encode()


texts = st.one_of(st.none(), st.text(max_size=20))
some_members = st.builds(
    Member,
    path=st.text(st.characters(codec=None, exclude_categories=["Cs"]), max_size=20),
    size=st.integers(0, 1 << 62),
    checksum=texts,
    revision=st.integers(1, 999_999_999),
    mtime_ns=st.one_of(st.none(), st.integers(-(1 << 62), 1 << 62)),
)
some_units = st.builds(
    Unit,
    kind=st.sampled_from(sorted(units.KINDS)),
    members=st.lists(some_members, min_size=1, max_size=3).map(tuple),
    case_id=texts,
    slide_id=texts,
    scanner=texts,
    incomplete=texts,
)


@given(unit=some_units)
def test_a_unit_is_read_back_as_it_was_written(unit: Unit) -> None:
    assert units.read(units.write(unit)) == unit


def test_a_name_that_is_no_unicode_is_kept() -> None:
    unit = Unit("mrxs", (Member("a\udcff.mrxs", 1),))
    assert units.write(unit).isascii()
    assert units.read(units.write(unit)) == unit


def test_what_is_not_known_is_not_written() -> None:
    told = json.loads(units.write(Unit("vms", (Member("a.vms", 1),))))
    assert told == {"labsight_unit": 1, "kind": "vms", "members": [{"path": "a.vms", "size": 1}]}


def test_members_that_were_sent_again_lie_under_their_revision() -> None:
    members = (Member("case 1/s1.mrxs", 5, revision=3), Member("case 1/s1/a.dat", 7))
    for key in (UNIT_KEY, keys.unit_key("lab", "case 1/s1", 2)):
        assert units.member_keys(key, Unit("mrxs", members)) == [
            "slides/lab/case 1/s1~r3.mrxs",
            "slides/lab/case 1/s1/a.dat",
        ]


def test_odd_folders_are_no_hindrance() -> None:
    folder = "a\x01~r2\udc80/s1"
    key = keys.unit_key("lab", folder)
    member = f"{folder}/1.dcm"
    assert units.member_keys(key, Unit("dicom", (Member(member, 1),))) == [
        str(keys.SlideKey("lab", member))
    ]


@pytest.mark.parametrize(
    ("one", "other"), [("case 1/a", "case 1/a"), ("case 1/ä", "case 1/a\u0308")]
)
def test_a_unit_names_no_file_twice(one: str, other: str) -> None:
    unit = Unit("mrxs", (Member(one, 1), Member(other, 1, revision=2)))
    with pytest.raises(DamagedSlide, match="names a file twice"):
        units.member_keys(UNIT_KEY, unit)


def test_a_revision_that_cannot_be_is_damage() -> None:
    with pytest.raises(DamagedSlide, match=r"unit\.json names a file that cannot be: revision"):
        units.member_keys(UNIT_KEY, Unit("mrxs", (Member("case 1/a", 1, revision=10**9),)))


def test_a_series_has_one_place_whatever_its_folder_holds() -> None:
    uid = "1.2.840.113619.2.1"
    name = units.series_folder("", uid)
    assert units.series_folder("a/b", uid) == f"a/b/{name}"
    assert (len(name), name[:7]) == (15, "series-")
    assert units.series_folder("", uid + "1") != name
    assert units.series_folder("", "\udc80").startswith("series-")


def test_members_lie_under_their_own_keys_beside_the_unit() -> None:
    assert UNIT_KEY == "slides/lab/case 1/s1/unit.json"
    assert units.member_keys(UNIT_KEY, SLIDE) == [
        "slides/lab/case 1/s1.mrxs",
        "slides/lab/case 1/s1/Data0000.dat",
    ]


def test_a_unit_goes_by_the_name_of_its_folder() -> None:
    assert keys.place_of(UNIT_KEY) == ("lab", "case 1/s1", 1)


@pytest.mark.parametrize("path", ["other/a.dcm", "../a.dcm", "case 1/../../x", "case 1//a", ""])
def test_a_unit_names_no_file_outside_its_place(path: str) -> None:
    with pytest.raises(DamagedSlide, match=r"unit\.json names a file"):
        units.member_keys(UNIT_KEY, Unit("mrxs", (Member(path, 1),)))


@pytest.mark.parametrize(
    "data",
    [
        b"", b"[]", b"{", b"null", b'{"labsight_unit": 9}', document(kind="novel"),
        document(members=[]), document(members=[{"path": 3, "size": 1}]),
        document(members=[{"path": "a", "size": -1}]), document(members=[{"path": "a"}]),
        document(members=[{"path": "a", "size": True}]),
        document(members=[{"path": "a", "size": 1, "revision": 0}]),
        document(members=[{"path": "a", "size": 1, "revision": "2"}]),
        document(members=[{"path": "a", "size": 1, "mtime_ns": 1.5}]),
        document(members=[{"path": "a", "size": 1, "mtime_ns": 10**30}]),
        document(case_id=7), document(scanner=["x"]), document(incomplete="x" * 1001),
        document(members="ab"), b"[" * 100_000, b" " * (units.MAX_BYTES + 1),
    ],
)  # fmt: skip
def test_what_is_no_unit_is_damaged(data: bytes) -> None:
    with pytest.raises(DamagedSlide, match=r"unit\.json"):
        units.read(data)


@given(data=st.binary(max_size=200))
def test_any_bytes_are_a_unit_or_damaged(data: bytes) -> None:
    with pytest.raises(DamagedSlide):
        units.read(data)
