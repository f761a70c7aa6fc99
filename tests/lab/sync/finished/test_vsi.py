"""VSI: the files with the pixels are there, and all tiles of their tables."""

import io
import random
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labsight_lab.sync.finished.vsi import unfinished, unfinished_ets
from labsight_lab.sync.look.scan import Seen
from tests.support.vsi import make_ets

FILES = [make_ets(), make_ets(table_first=True), make_ets(tiles=1)]


def reason(data: bytes) -> str | None:
    return unfinished_ets(io.BytesIO(data), len(data))


@pytest.mark.parametrize("data", FILES)
def test_a_whole_file_is_finished(data: bytes) -> None:
    assert reason(data) is None
    assert reason(data + b"something behind") is None


@pytest.mark.parametrize("data", FILES)
def test_a_file_cut_at_any_point_is_unfinished(data: bytes) -> None:
    assert all(reason(data[:cut]) for cut in range(len(data)))


def test_space_that_is_reserved_but_not_written_is_unfinished() -> None:
    assert reason(b"") == "it is empty"
    assert reason(bytes(1000)) == "its header is not written yet"
    assert reason(FILES[0][:16] + bytes(1000)) == "its header is not written yet"
    assert reason(FILES[0][:64] + bytes(5000)) == "its second header is not written yet"


def test_another_format_is_left_to_the_import() -> None:
    assert reason(b"another format altogether" * 5) is None
    assert reason(FILES[0].replace(b"ETS", b"XYZ")) is None


def test_a_hostile_number_of_tiles_is_not_held_in_memory() -> None:
    data = bytearray(FILES[0])
    struct.pack_into("<I", data, 40, 2**32 - 1)
    assert "cut off: it has 1,123 bytes" in str(reason(bytes(data)))


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(FILES), st.integers(0, 2**32))
def test_hostile_bytes_are_answered_and_never_raise(data: bytes, seed: int) -> None:
    chance = random.Random(seed)
    hostile = bytearray(data)
    for _ in range(chance.randint(1, 8)):
        hostile[chance.randrange(min(len(hostile), 80))] = chance.randrange(256)
    answer = reason(bytes(hostile))
    assert answer is None or answer.startswith(("it ", "its ", "a tile "))


def test_a_slide_without_pixels_is_unfinished() -> None:
    index = Seen("a/x.vsi", 1, 1)
    assert unfinished([index, Seen("a/_x_/stack1/frame_t.ETS", 1, 1)]) is None
    assert unfinished([index, Seen("a/_x_/notes.txt", 1, 1)]) == "its folder holds no .ets file yet"
