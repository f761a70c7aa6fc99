"""A run that is killed at any moment, and the one after it: nothing lost, little sent twice."""

import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support import s3_server
from tests.support.s3_faults import Does, Fault
from tests.support.s3_state import READING
from tests.support.s3_store import REPEATED, Described
from tests.support.sync_runs import BUCKET, Lab, kill, slide

PART = 64 << 10  # bytes
AT_A_TIME = 6  # parts
CONNECTIONS = 64
_PATIENCE_S = 60.0
NAME = "2026/large.svs"
CREATE, PART_SENT, COMPLETE = "CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload"


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    """Rights to put and nothing else; parts are listed in pages, as large uploads' are."""
    with s3_server.serving(BUCKET, denied=READING, least_part=1, page=5) as s3:
        s3.latency = 0.002  # so that several parts are on their way at any moment
        yield Lab(s3, tmp_path, {"part_size": PART})


def killed_when(lab: Lab, reached: Callable[[], bool], pause: float = 0.0) -> None:
    """Begin a run, and kill it some seconds after something came to be."""
    process = lab.start("--once", "--connections", str(CONNECTIONS))
    end = time.monotonic() + _PATIENCE_S
    while not reached():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.001)
    time.sleep(pause)
    kill(process)


def settle(lab: Lab) -> None:
    """Wait until the server has heard of the end of all connections."""
    counted = -1
    while counted != (counted := lab.s3.bytes_received()):
        time.sleep(0.05)


def check_whole(lab: Lab, name: str, data: bytes, kills: int = 1) -> None:
    assert lab.arrived() == {lab.key(name): data}
    assert lab.s3.store.uploads == {}
    assert lab.s3.bytes_received() <= len(data) + kills * AT_A_TIME * PART
    lab.check_manners()


@pytest.mark.parametrize("seed", range(20))
def test_a_large_file_goes_on_where_it_was_killed(lab: Lab, seed: int) -> None:
    chance = random.Random(seed)
    data = lab.add(NAME, slide(side=1000))  # 2 MB, 31 parts
    point = chance.randrange(1, int(0.9 * len(data)))
    killed_when(lab, lambda: lab.s3.bytes_received() >= point, chance.uniform(0, 0.01))
    settle(lab)
    ended = lab.run()
    assert ended.code == 0, ended.err
    check_whole(lab, NAME, data)


def test_killed_again_and_again_it_still_goes_on(lab: Lab) -> None:
    chance = random.Random(5)
    data = lab.add(NAME, slide(side=1000))
    kills = 4
    for turn in range(1, kills + 1):
        point = int(len(data) * turn / (kills + 1))
        killed_when(lab, lambda: lab.s3.bytes_received() >= point, chance.uniform(0, 0.01))  # noqa: B023
        settle(lab)
    assert lab.run().code == 0
    check_whole(lab, NAME, data, kills)


@pytest.mark.parametrize("repeated", ["again", "gone", "taken"])
@pytest.mark.parametrize(
    ("kind", "number"), [(CREATE, 1), (PART_SENT, 1), (PART_SENT, 9), (COMPLETE, 1)]
)
def test_killed_before_an_answer_is_heard(
    tmp_path: Path, repeated: REPEATED, kind: str, number: int
) -> None:
    """The server does what was asked, and the run dies before it knows."""
    with s3_server.serving(BUCKET, denied=READING, least_part=1, repeated=repeated) as s3:
        lab = Lab(s3, tmp_path, {"part_size": PART})
        data = lab.add(NAME, slide(side=560))
        other = s3.store.begin(BUCKET, lab.key(NAME, 2), Described())
        stall = Fault(does=Does.STALL, every=number, kinds=frozenset({kind}), seconds=1.0, times=1)
        faults = s3.fail(stall)
        killed_when(lab, lambda: faults.met == [1], pause=0.3)
        settle(lab)
        ended = lab.run()
        assert lab.arrived() == {lab.key(NAME): data}
        assert list(s3.store.uploads) == [other.name]
        lab.check_manners()
        if kind == COMPLETE and repeated != "again":  # what it cannot know, it says
            assert ended.code == 1
            assert [one["path"] for one in ended.told["existing"]] == [NAME]
        else:
            assert ended.code == 0, ended.err
            assert s3.bytes_received() <= len(data) + AT_A_TIME * PART


@pytest.mark.parametrize("seed", range(4))
def test_small_files_arrive_or_are_named_after_a_kill(lab: Lab, seed: int) -> None:
    names = [f"case-{number % 5}/{number}.svs" for number in range(120)]
    files = {name: lab.add(name, slide(seed=number)) for number, name in enumerate(names)}
    point = random.Random(seed).randrange(1, 110)
    killed_when(lab, lambda: lab.s3.requests["PutObject"] >= point)
    settle(lab)
    there = len(lab.arrived())
    ended = lab.run()
    assert lab.arrived() == {lab.key(name): data for name, data in files.items()}
    lab.check_manners()
    doubtful = {one["path"] for one in ended.told["existing"]}
    assert ended.code == int(bool(doubtful))
    assert len(doubtful) <= CONNECTIONS
    assert lab.s3.requests["PutObject"] - len(files) <= CONNECTIONS
    assert len(ended.told["uploaded"]) <= len(files) - there + CONNECTIONS
