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


def test_a_unit_is_read_back_as_it_was_written() -> None:
    assert units.read(units.write(SLIDE)) == SLIDE


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
