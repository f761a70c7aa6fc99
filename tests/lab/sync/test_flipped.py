"""A bit that flips on the way: found by its checksum, and sent again."""

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
    faults = lab.s3.fail(Fault(does=Does.FLIP, every=4), seed=seed)
    ended = lab.run()
    assert ended.code == 0, ended.err + ended.out
    assert faults.met[0] >= 30 // 4
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
