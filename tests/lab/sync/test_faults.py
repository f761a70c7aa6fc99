"""What goes wrong on the way: everything arrives or is named, and the exit code tells."""

import time
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest

from tests.support import s3_server
from tests.support.s3_faults import UPLOADS, Does, Fault
from tests.support.s3_server import S3
from tests.support.s3_state import READING
from tests.support.sync_runs import BUCKET, Ended, Lab, slide

PART = 64 << 10  # bytes
COUNT = 40
LARGE = "large.svs"
EVERYTHING = frozenset(
    {"PutObject", "UploadPart", "CreateMultipartUpload", "CompleteMultipartUpload"}
)


@pytest.fixture
def s3() -> Iterator[S3]:
    with s3_server.serving(BUCKET, denied=READING, least_part=1, page=5) as server:
        yield server


@pytest.fixture
def lab(s3: S3, tmp_path: Path) -> Lab:
    return Lab(s3, tmp_path, {"part_size": PART})


@pytest.fixture
def files(lab: Lab) -> dict[str, bytes]:
    """Forty small slides in folders, and a large one of ten parts."""
    names = [f"case-{number % 7}/{number}.svs" for number in range(COUNT)]
    small = {name: lab.add(name, slide(seed=number)) for number, name in enumerate(names)}
    return small | {LARGE: lab.add(LARGE, slide(side=560))}


def check_arrived(lab: Lab, files: dict[str, bytes]) -> None:
    assert lab.arrived() == {lab.key(name): data for name, data in files.items()}
    lab.check_manners()


def check_told(ended: Ended, *, named: set[str]) -> None:
    """Fail unless exactly these files are named as not surely sent, and the exit code says so."""
    told = ended.told
    found = {one["path"] for kind in ("existing", "failed", "conflicts") for one in told[kind]}
    assert found == named, told
    assert ended.code == told["exit_code"] == int(bool(named)), ended.err
    assert "Traceback" not in ended.err


def test_every_seventh_request_is_refused_for_now(lab: Lab, files: dict[str, bytes]) -> None:
    faults = lab.s3.fail(Fault(does=Does.REFUSE, every=7, kinds=EVERYTHING))
    ended = lab.run()
    check_arrived(lab, files)
    check_told(ended, named=set())
    assert faults.met[0] >= 7
    assert lab.s3.store.uploads == {}


@pytest.mark.parametrize(
    ("status", "code"),
    [(500, "InternalError"), (503, "ServiceUnavailable"), (400, "RequestTimeout")],
)
def test_failures_that_pass_are_tried_again(
    lab: Lab, files: dict[str, bytes], status: int, code: str
) -> None:
    lab.s3.fail(Fault(does=Does.REFUSE, every=5, kinds=EVERYTHING, status=status, code=code))
    check_told(lab.run(), named=set())
    check_arrived(lab, files)


@pytest.mark.parametrize("seed", range(3))
def test_connections_are_cut_inside_bodies(lab: Lab, files: dict[str, bytes], seed: int) -> None:
    faults = lab.s3.fail(Fault(does=Does.CUT, every=5), seed=seed)
    check_told(lab.run(), named=set())
    check_arrived(lab, files)
    assert faults.met[0] >= 8


def test_answers_get_lost_and_what_is_in_doubt_is_named(lab: Lab, files: dict[str, bytes]) -> None:
    lab.s3.fail(Fault(does=Does.LOSE, every=6, kinds=UPLOADS))
    ended = lab.run()
    check_arrived(lab, files)
    twice = {
        name for name in files
        if sum(one.key == lab.key(name) for one in lab.s3.asked if one.kind == "PutObject") > 1
    }  # fmt: skip
    assert twice
    check_told(ended, named=twice)


def test_a_completion_that_fails_inside_a_good_answer_is_no_success(
    lab: Lab, files: dict[str, bytes]
) -> None:
    kinds = frozenset({"CompleteMultipartUpload"})
    faults = lab.s3.fail(Fault(does=Does.FAIL_LATE, times=2, kinds=kinds))
    check_told(lab.run(), named=set())
    check_arrived(lab, files)
    assert faults.met == [2]


def test_the_network_is_gone_for_a_while(lab: Lab, files: dict[str, bytes]) -> None:
    """A request whose answer the outage took is in doubt; all others are sent when it is over."""
    lab.s3.latency = 0.01
    process = lab.start("--once", "--json")
    while not lab.s3.requests["PutObject"]:
        assert process.poll() is None, process.communicate()
        time.sleep(0.005)
    lab.s3.down_for(1.5).join()
    ended = Ended(0, *process.communicate(timeout=90))
    assert "Traceback" not in ended.err
    doubtful = {one["path"] for one in ended.told["existing"]}
    assert process.returncode == int(bool(doubtful))
    check_arrived(lab, files)
    check_told(lab.run(), named=set())  # doubts are told once


def test_without_a_network_nothing_is_lost_and_it_is_said(
    lab: Lab, files: dict[str, bytes]
) -> None:
    lab.s3.go_down()
    lab.wishes["attempts"] = 3
    ended = lab.run()
    assert ended.code == 1
    assert "cannot be reached" in ended.err
    assert "run the same command again and it goes on where it was" in ended.err
    assert "Traceback" not in ended.err
    lab.s3.come_up()
    check_told(lab.run(), named=set())
    check_arrived(lab, files)


@pytest.mark.parametrize("early", [False, True], ids=["after the body", "before the body"])
def test_what_somebody_else_stored_is_named_and_stays(
    lab: Lab, files: dict[str, bytes], early: bool
) -> None:
    lab.s3.early = early
    theirs, large = "case-3/3.svs", LARGE
    for name in (theirs, large):
        lab.s3.place(BUCKET, lab.key(name), b"theirs")
    ended = lab.run()
    check_arrived(lab, files | {theirs: b"theirs", large: b"theirs"})
    check_told(ended, named={theirs, large})
    assert {one["path"] for one in ended.told["conflicts"]} == {theirs, large}
    assert lab.s3.store.uploads == {}


@pytest.mark.parametrize("hours", [-5, 2])
def test_a_clock_that_is_wrong_keeps_nothing_back_and_is_told(
    lab: Lab, files: dict[str, bytes], hours: int
) -> None:
    lab.s3.clock_offset = hours * 3600
    ended = lab.run()
    check_told(ended, named=set())
    check_arrived(lab, files)
    told = ended.err + str(ended.told["notes"]) + Path(ended.told["log"]).read_text()
    assert "clock is" in told


@pytest.mark.parametrize("most", [0, 8 << 10, 40 << 10, 120 << 10])
def test_a_disk_that_is_full_stops_the_run_and_loses_nothing(
    lab: Lab, files: dict[str, bytes], most: int
) -> None:
    """The journal cannot be written: at once, or in the middle."""
    lab.wishes["most_file"] = most
    ended = lab.run()
    assert ended.code == 2, ended
    assert str(lab.journal) in ended.err
    assert "Traceback" not in ended.err
    del lab.wishes["most_file"]
    ended = lab.run()
    check_arrived(lab, files)
    doubtful = {one["path"] for one in ended.told["existing"]}
    check_told(ended, named=doubtful)
    assert lab.s3.store.uploads == {}


def test_a_file_that_may_not_be_read_is_named_and_the_others_arrive(
    lab: Lab, files: dict[str, bytes]
) -> None:
    shut = {"case-3/3.svs", LARGE}
    lab.wishes["unreadable"] = [PurePosixPath(name).name for name in shut]
    ended = lab.run()
    check_told(ended, named=shut)
    reasons = {one["path"]: one["reason"] for one in ended.told["failed"]}
    assert all("cannot be read: Permission denied" in reasons[name] for name in shut)
    check_arrived(lab, {name: data for name, data in files.items() if name not in shut})
    del lab.wishes["unreadable"]
    check_told(lab.run(), named=set())
    check_arrived(lab, files)


def test_a_folder_that_may_not_be_read_is_named(lab: Lab, files: dict[str, bytes]) -> None:
    lab.wishes["unreadable"] = ["case-3"]
    ended = lab.run()
    assert ended.code == 1
    assert any("case-3" in one["path"] for one in ended.told["failed"]), ended.told
    check_arrived(lab, {name: data for name, data in files.items() if "case-3/" not in name})


def test_rights_to_put_alone_are_enough(lab: Lab, files: dict[str, bytes]) -> None:
    lists = {"ListParts", "ListMultipartUploads", "AbortMultipartUpload"}
    lab.s3.denied = READING | lists
    check_told(lab.run(), named=set())
    check_arrived(lab, files)


@pytest.mark.parametrize("early", [False, True], ids=["after the body", "before the body"])
def test_without_the_right_to_put_the_run_ends_and_says_which_is_missing(
    lab: Lab, files: dict[str, bytes], early: bool
) -> None:
    lab.s3.early = early
    lab.s3.denied = READING | {"PutObject", "UploadPart", "CreateMultipartUpload"}
    ended = lab.run()
    assert ended.code == 2
    assert "s3:PutObject" in ended.err
    assert lab.arrived() == {}
    lab.s3.denied = READING
    check_told(lab.run(), named=set())
    check_arrived(lab, files)


def test_everything_at_once_arrives_in_the_end(lab: Lab, files: dict[str, bytes]) -> None:
    lab.s3.fail(
        Fault(does=Does.REFUSE, every=7, kinds=EVERYTHING),
        Fault(does=Does.CUT, every=11),
        Fault(does=Does.FLIP, every=13),
        Fault(does=Does.STALL, every=5, seconds=0.05),
        seed=3,
    )
    ended = lab.run()
    for _ in range(3):
        if ended.code:
            ended = lab.run()
    check_told(ended, named=set())
    check_arrived(lab, files)
