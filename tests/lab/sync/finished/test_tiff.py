"""A file that is not written to its end is found by its structure."""

import io
import random
import struct
import tracemalloc
from array import array
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labsight.slides.formats.kinds import Structure, kind_of
from labsight_lab.sync.finished import tiff as complete
from labsight_lab.sync.finished.tiff import unfinished
from tests.lab.support import tiff

VARIANTS = [
    {},
    {"bigtiff": True},
    {"byteorder": ">"},
    {"bigtiff": True, "byteorder": ">"},
    {"tiled": False},
    {"compressed": True, "pages": 3},
    {"subifds": 2},
    {"subifds": 1, "bigtiff": True, "compressed": True},
]
SLIDES = [tiff(**variant) for variant in VARIANTS]  # type: ignore[arg-type] # one dict of all


def reason(data: bytes, structure: Structure = Structure.TIFF) -> str | None:
    return unfinished(io.BytesIO(data), len(data), structure)


@pytest.mark.parametrize("data", SLIDES, ids=map(str, VARIANTS))
def test_a_whole_tiff_is_finished(data: bytes) -> None:
    assert reason(data) is None


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(SLIDES), st.data())
def test_a_tiff_cut_at_any_point_is_unfinished(data: bytes, draw: st.DataObject) -> None:
    cut = draw.draw(st.integers(0, len(data) - 1))
    assert reason(data[:cut]) is not None


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(SLIDES), st.data())
def test_a_tiff_with_bytes_behind_it_is_finished(data: bytes, draw: st.DataObject) -> None:
    assert reason(data + draw.draw(st.binary(max_size=64))) is None


@settings(max_examples=600, deadline=None)
@given(st.sampled_from(SLIDES), st.integers(0, 2**32))
def test_hostile_bytes_are_answered_and_never_raise(data: bytes, seed: int) -> None:
    chance = random.Random(seed)
    hostile = bytearray(data)
    for _ in range(chance.randint(1, 12)):
        hostile[chance.randrange(min(len(hostile), 400))] = chance.randrange(256)
    answer = reason(bytes(hostile))
    assert answer is None or answer.startswith(("it ", "its ", "what lies at byte "))


@given(st.binary(max_size=200))
def test_any_bytes_are_answered(data: bytes) -> None:
    for structure in Structure:
        assert (reason(data, structure) is None) or data[:1] in {b"", b"\0", b"I", b"M"}


def test_an_empty_file_of_any_kind_is_unfinished() -> None:
    assert [reason(b"", structure) for structure in Structure] == ["it is empty"] * 3


def test_space_that_is_reserved_but_not_written_is_unfinished() -> None:
    assert reason(bytes(4096)) == "its header is not written yet"


def test_a_header_that_points_nowhere_yet_is_unfinished() -> None:
    assert reason(b"II*\0" + bytes(4096)) == "its list of images is not written yet"


def test_a_directory_of_zeros_is_unfinished() -> None:
    assert reason(b"II*\0\x08\0\0\0" + bytes(100)) == "what lies at byte 8 is not written yet"


def test_what_is_cut_off_tells_what_it_has_and_what_it_needs() -> None:
    whole = tiff(pages=1)
    told = f"it is cut off: it has {len(whole) - 1:,} bytes and needs at least {len(whole):,}"
    assert reason(whole[:-1]) == told


def test_a_whole_slide_with_the_suffix_of_another_format_is_told_so() -> None:
    aperio = b"II*\0" + struct.pack("<I", 1000) + b"\xff\xd8\xff\xe0" * 500
    assert "is not built like a file of its suffix" in str(reason(aperio, Structure.NDPI))


def test_what_is_no_tiff_is_left_to_the_import() -> None:
    assert reason(b"\xff\xd8\xff\xe0 a JPEG that somebody renamed") is None
    assert reason(b"half a CZI", Structure.UNKNOWN) is None


def test_an_unknown_compression_is_left_to_the_import() -> None:
    data = bytearray(tiff(pages=1))
    at = data.index(struct.pack("<HHI", 259, 3, 1))
    struct.pack_into("<H", data, at + 8, 34_567)
    assert reason(bytes(data)) is None


def test_directories_in_a_circle_end_the_check() -> None:
    entry = struct.pack("<HHII", 256, 4, 1, 48)
    circle = b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", 1) + entry + struct.pack("<I", 8)
    assert reason(circle) is None


def test_a_count_that_only_a_hostile_file_has_reads_nothing() -> None:
    data = b"II+\0\x08\0\0\0" + struct.pack("<QQ", 16, 2**60)
    assert reason(data) is None


def test_reading_stops_at_its_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = tiff(pages=3)
    monkeypatch.setattr(complete, "MAX_READ", 10)
    assert reason(whole[:-1]) is None, "the cut lies beyond what the check may read"


def test_the_number_of_directories_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(complete, "MAX_DIRECTORIES", 1)
    assert reason(tiff(pages=3)[:-1]) is None


def test_a_hostile_number_of_sub_directories_is_not_held_in_memory() -> None:
    count = 2_000_000
    head = b"II*\0" + struct.pack("<IHHHIII", 8, 1, 330, 4, count, 26, 0)
    data = head + array("I", range(1000, 1000 + count)).tobytes()
    tracemalloc.start()
    assert reason(data) is None
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 32_000_000


def test_a_value_at_the_very_end_counts_too() -> None:
    text = b"Aperio Image Library, as its scanners write it: last of all"
    entries = [(270, 2, len(text), 50), (273, 4, 1, 8), (279, 4, 1, 0)]
    table = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    head = b"II*\0" + struct.pack("<IH", 8, len(entries)) + table + bytes(4)
    assert len(head) == 50
    assert reason(head + text) is None
    assert all(reason((head + text)[:cut]) for cut in range(len(head + text)))


def ndpi(*, links: int = 2) -> bytes:
    """Directories with links of 8 bytes, then the upper halves of the values, then the image."""
    image = bytes(range(200))
    data = bytearray(b"II*\0" + struct.pack("<Q", 12 + len(image)) + image)
    for link in range(links):
        entries = [(273, 4, 1, 12), (279, 4, 1, len(image)), (65420, 4, 1, 1)]
        table = b"".join(struct.pack("<HHII", *entry) for entry in entries)
        end = len(data) + 2 + len(table) + 8 + 4 * len(entries)
        following = end if link < links - 1 else 0
        data += struct.pack("<H", len(entries)) + table + struct.pack("<Q", following)
        data += bytes(4 * len(entries))
    return bytes(data)


def test_an_ndpi_is_followed_through_its_long_links() -> None:
    whole = ndpi()
    assert reason(whole, Structure.NDPI) is None
    assert all(reason(whole[:cut], Structure.NDPI) for cut in range(len(whole)))


def test_real_slides_are_finished_and_their_halves_are_not(real_data: Path) -> None:
    seen = 0
    for file in real_data.rglob("*"):
        kind = kind_of(file.name)
        if kind is None or kind.structure is Structure.UNKNOWN or not file.is_file():
            continue
        seen += 1
        data = file.read_bytes()
        assert reason(data, kind.structure) is None, file.name
        assert reason(data[: len(data) // 2], kind.structure), file.name
    assert seen, f"no TIFF, SVS or NDPI in {real_data}"
