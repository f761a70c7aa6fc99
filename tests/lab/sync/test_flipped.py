"""A bit that flips on the way is found by its checksum, one that flips at rest by reading."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import s3_server
from tests.support.s3_faults import Does, Fault
from tests.support.s3_state import READING
from tests.support.sync_runs import BUCKET, Lab, slide

PART = 64 << 10  # bytes


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    with s3_server.serving(BUCKET, denied=READING, least_part=1) as s3:
        yield Lab(s3, tmp_path, {"part_size": PART})


@pytest.mark.parametrize("seed", range(5))
def test_a_bit_that_flips_on_the_way_is_found_and_the_bytes_are_sent_again(
    lab: Lab, seed: int
) -> None:
    files = {f"{number}.svs": lab.add(f"{number}.svs", slide(seed=number)) for number in range(20)}
    files["large.svs"] = lab.add("large.svs", slide(side=560))
    faults = lab.s3.fail(Fault(does=Does.FLIP, every=3, spares_again=True), seed=seed)
    ended = lab.run()
    assert ended.code == 0, ended.err + ended.out
    assert faults.met[0] >= 30 // 3
    assert lab.arrived() == {lab.key(name): data for name, data in files.items()}
    lab.check_manners()


def test_a_network_that_damages_everything_is_named_and_stores_nothing(lab: Lab) -> None:
    names = {"a.svs", "b.svs"}
    for name in names:
        lab.add(name)
    lab.s3.fail(Fault(does=Does.FLIP))
    ended = lab.run()
    assert ended.code == 1
    assert {one["path"] for one in ended.told["failed"]} == names
    assert all("damaged on the way" in one["reason"] for one in ended.told["failed"])
    assert lab.arrived() == {}
    lab.s3.fail()
    assert lab.run().code == 0
    assert len(lab.arrived()) == 2


@pytest.mark.parametrize("name", ["a.svs", "large.svs"])
def test_a_bit_that_flips_at_rest_is_found_by_reading_every_byte_again(lab: Lab, name: str) -> None:
    lab.add("a.svs")
    large = lab.add("large.svs", slide(side=560))
    lab.add("b.svs", slide(seed=7))
    assert lab.run().code == 0
    lab.s3.denied = frozenset()  # who verifies may read
    assert lab.verify("--deep").code == 0
    lab.s3.flip_at_rest(BUCKET, lab.key(name), 1000 if name == "a.svs" else len(large) // 2)
    assert lab.verify().code == 0  # size and stored checksum are as they were
    ended = lab.verify("--deep")
    assert ended.code == 1, ended
    found = [(one["path"], one["finding"]) for one in ended.told["trouble"]]
    assert found == [(name, "damaged")]
