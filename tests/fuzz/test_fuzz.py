"""A slice of the fuzzing that ``python -m tests.fuzz`` does at length, and whether it would see."""

import pytest

from labsight.errors import DamagedSlide
from labsight.slides.index import Coding, Level
from labsight.slides.pixels import encode
from labsight.slides.pixels.decode import decode
from tests.fuzz.faulty import BAD, Faulty
from tests.fuzz.running import run_apart
from tests.fuzz.targets import targets
from tests.fuzz.worker import MEMORY, run
from tests.support import chunked

SLICE = 150  # cases of each target
SEED = 5


@pytest.mark.parametrize("name", targets())
def test_changed_bytes_are_refused_in_our_words_or_read_within_bounds(name: str) -> None:
    found = run(targets()[name], range(SLICE), SEED)
    assert not found.faults, found.faults
    assert found.cases == SLICE
    assert found.largest[0] < MEMORY, found.largest


def test_a_case_is_the_same_every_time_and_another_by_another_seed() -> None:
    target = targets()["tiles"]
    assert target.case(3, SEED).content == target.case(3, SEED).content
    assert target.case(3, SEED).content != target.case(3, SEED + 1).content
    assert sum(target.case(n).content not in target.seeds for n in range(50)) > 40


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("breaks", "KeyError: 'breaks' at faulty.py"),
        ("takes memory", "MemoryError"),
        ("dies", "ended the process (-6)"),
        ("hangs", "hung for 1 s"),
    ],
)
def test_each_kind_of_fault_is_seen_and_the_rest_is_run(name: str, told: str) -> None:
    found = run_apart(Faulty(name), 8, SEED, hangs_after=1.0)
    assert [number for number, _ in found.faults] == [BAD]
    assert told in found.faults[0][1]
    # Cases that a process has in hand when it is stopped are not counted.
    assert found.cases >= 8 - BAD


def test_a_codestream_whose_parts_have_no_beginning_is_refused() -> None:
    """Its reader went round and round: the part was said to end where it began."""
    side = 96
    pixels = chunked.picture(side, side)
    stream = chunked.wavelets_of(pixels, tile_size=(64, 64))
    second = stream.index(b"\xff\x90", stream.index(b"\xff\x90") + 1)
    level = Level(side, side, side, side, Coding("jpeg2000"), side, side)
    decode(level, b"", stream)
    with pytest.raises(DamagedSlide, match="no beginning"):
        decode(level, b"", stream[:second] + stream[second + 12 :])


def test_an_edge_tile_that_lacks_components_is_damage() -> None:
    whole = chunked.jpeg_of(chunked.picture(96, 96))
    frame = whole.index(b"\xff\xc0")
    lying = whole[: frame + 2] + b"\0\x0b" + whole[frame + 4 : frame + 13] + whole[frame + 19 :]
    with pytest.raises(DamagedSlide, match="cannot be decoded"):
        encode.crop(lying, 50, 30, (96, 96))
