"""Files that are written in bursts, while the folder is watched: none arrives before its end."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest

from tests.support import s3_server
from tests.support.s3_state import READING
from tests.support.sync_runs import BUCKET, Lab, slide

COUNT, WRITERS, BURSTS = 200, 50, 4
QUIET_S, PAUSE_S = 1.0, 0.6
_PATIENCE_S = 60.0


@dataclass(frozen=True)
class Written:
    """A file and its bytes; ``longest`` is the longest time between two bursts, in seconds."""

    name: str
    data: bytes
    longest: float


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    with s3_server.serving(BUCKET, denied=READING, least_part=1) as s3:
        yield Lab(s3, tmp_path)


def write_in_bursts(lab: Lab, number: int) -> Written:
    """Write a slide as a slow scanner does; some of a kind whose end cannot be told."""
    name = f"case-{number % 9}/{number}.{'svs' if number % 2 else 'czi'}"
    data = slide(seed=number)
    file = lab.folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    step = -(-len(data) // BURSTS)
    at: list[float] = []
    with file.open("wb") as out:
        for start in range(0, len(data), step):
            if at:
                time.sleep(PAUSE_S)
            out.write(data[start : start + step])
            out.flush()
            at.append(time.monotonic())
    longest = max(later - earlier for earlier, later in pairwise([*at, time.monotonic()]))
    return Written(name, data, longest)


def wait_for(lab: Lab, count: int, patience: float = _PATIENCE_S) -> None:
    end = time.monotonic() + patience
    while len(lab.s3.objects(BUCKET)) < count and time.monotonic() < end:
        time.sleep(0.05)


def test_no_file_arrives_before_its_last_burst(lab: Lab) -> None:
    with lab.watching("--quiet-period", str(QUIET_S), "--interval", "0.3") as process:
        with ThreadPoolExecutor(WRITERS) as pool:
            written = list(pool.map(lambda number: write_in_bursts(lab, number), range(COUNT)))
        wait_for(lab, COUNT)
        assert process.poll() is None
    # A machine that let a writer wait for longer than the quiet period made that file look whole.
    fair = [one for one in written if one.longest < QUIET_S]
    assert len(fair) > COUNT * 3 // 4
    arrived = lab.arrived()
    assert [one.name for one in fair if arrived.get(lab.key(one.name)) != one.data] == []
    assert [one.name for one in fair if lab.key(one.name, 2) in arrived] == []
    lab.check_manners()


def test_what_a_writer_declares_complete_does_not_wait(lab: Lab) -> None:
    quiet = 3600  # nobody would see it arrive
    with lab.watching("--quiet-period", str(quiet), "--interval", "0.3"):
        time.sleep(0.5)
        written = write_in_bursts(lab, 1)
        assert lab.arrived() == {}
        (lab.folder / f"{written.name}.complete").touch()
        wait_for(lab, 1)
        assert lab.arrived() == {lab.key(written.name): written.data}


def test_a_file_that_comes_right_after_a_look_is_not_overlooked(lab: Lab) -> None:
    """Events are all that tells of it for an hour."""
    with lab.watching("--quiet-period", "0.3", "--rescan", "1h"):
        for number in range(6):
            lab.add(f"{number}.svs", slide(seed=number), mtime=time.time())
            wait_for(lab, number + 1, patience=10)
            assert len(lab.arrived()) == number + 1
