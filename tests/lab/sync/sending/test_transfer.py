"""One file into the archive: whole, resumed, refused, changed in our hands, killed anywhere."""

import os
import sys
import tempfile
import threading
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labsight.errors import LabsightError, SettingsError, StorageUnavailable
from labsight_lab.sync.journal.commits import Change, Commits
from labsight_lab.sync.journal.entries import State
from labsight_lab.sync.journal.journal import Journal
from labsight_lab.sync.sending import body, one_file, parts, source
from labsight_lab.sync.sending import transfer as transfer_module
from labsight_lab.sync.sending.archive import (
    AlreadyThere,
    Answer,
    Denied,
    NewObject,
    Refused,
    Rejected,
    Unreachable,
    UploadGone,
)
from labsight_lab.sync.sending.body import Body
from labsight_lab.sync.sending.memory import Memory
from labsight_lab.sync.sending.one_file import Means, Result, part_size
from labsight_lab.sync.sending.source import SourceChanged, Stopped
from labsight_lab.sync.sending.transfer import Outcome, abandon, transfer
from labsight_lab.sync.workers import in_parallel
from tests.lab.support import (
    LONG_AGO,
    Killed,
    MemoryArchive,
    noise,
    open_journal,
    unsettled,
    write,
)

KEY, SECOND = "slides/scanner-1/a.svs", "slides/scanner-1/a~r2.svs"
SMALL, LARGE = noise(3000), noise(10_500)


def retried(answer: Answer) -> Answer:
    """Make it the answer to a second attempt: nobody knows what became of the first."""
    answer.retried = True
    return answer


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(one_file, "PART_SIZE", 4000)
    monkeypatch.setattr(parts, "part_size", lambda _: 1000)
    monkeypatch.setattr(body, "BLOCK", 1000)
    monkeypatch.setattr(parts, "AT_A_TIME", 1)  # so that the n-th request is always the same one


class Lab:
    """A folder, its journal and an archive, with runs that may be killed."""

    def __init__(self, place: Path) -> None:
        self.folder = place / "slides"
        self.folder.mkdir()
        self.journal_file = place / "journal.sqlite"
        self.archive = MemoryArchive()
        self.moved: Callable[[str, int], None] = lambda _path, _position: None

    def run(self) -> list[Outcome]:
        journal = open_journal(self.folder, self.journal_file)
        try:
            means = self.means(journal)
            return [transfer(means, found) for found in unsettled(self.folder, journal)]
        finally:
            journal.close()

    def means(self, journal: Journal) -> Means:
        return Means(
            archive=self.archive,
            journal=journal,
            moved=self.moved,
            stop=threading.Event(),
            memory=Memory(8000),
            large=threading.Semaphore(1),
        )

    def run_killed(self) -> None:
        with pytest.raises(Killed):
            self.run()
        self.archive.before = self.archive.after = lambda _: None

    def state(self, path: str = "a.svs") -> State:
        journal = open_journal(self.folder, self.journal_file)
        entry = journal.entry(path)
        journal.close()
        assert entry is not None
        return entry.state


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path)


def failing(names: str, error: BaseException) -> Callable[[str], None]:
    """Return a hook that raises at every request that is named."""

    def hook(request: str) -> None:
        if request in names.split():
            raise error

    return hook


def on_request(name: str, error: BaseException, *, nth: int = 1) -> Callable[[str], None]:
    """Return a hook that raises at the ``nth`` request called ``name``."""
    calls = count(1)

    def hook(request: str) -> None:
        if request == name and next(calls) == nth:
            raise error

    return hook


@pytest.mark.parametrize(
    ("data", "requests"),
    [
        (SMALL, ["put"]),
        (LARGE, ["holds", "begin", *["put_part"] * 11, "complete"]),
    ],
)
def test_a_file_arrives_with_its_description(lab: Lab, data: bytes, requests: list[str]) -> None:
    write(lab.folder / "Müller 1.svs", data)
    (outcome,) = lab.run()
    assert outcome.result is Result.UPLOADED
    key = "slides/scanner-1/Müller 1.svs"
    assert lab.archive.objects == {key: data}
    assert lab.archive.requests == requests


@pytest.mark.parametrize("data", [SMALL, LARGE])
def test_a_second_run_asks_for_nothing(lab: Lab, data: bytes) -> None:
    write(lab.folder / "a.svs", data)
    lab.run()
    lab.archive.requests.clear()
    assert lab.run() == []
    assert lab.archive.requests == []


@pytest.mark.parametrize("data", [SMALL, LARGE])
def test_a_file_that_was_only_touched_is_not_sent_again(lab: Lab, data: bytes) -> None:
    write(lab.folder / "a.svs", data)
    lab.run()
    lab.archive.requests.clear()
    write(lab.folder / "a.svs", data, LONG_AGO + 60)
    assert [outcome.result for outcome in lab.run()] == [Result.SAME]
    assert lab.run() == []
    assert lab.archive.requests == []


@pytest.mark.parametrize("data", [SMALL, LARGE])
def test_a_rescan_becomes_a_revision_and_both_stay(lab: Lab, data: bytes) -> None:
    write(lab.folder / "a.svs", data)
    lab.run()
    for revision in (2, 3):
        write(lab.folder / "a.svs", data[:-1] + bytes([revision]), LONG_AGO + revision)
        assert [outcome.result for outcome in lab.run()] == [Result.UPLOADED]
    assert sorted(lab.archive.objects) == [
        KEY,
        "slides/scanner-1/a~r2.svs",
        "slides/scanner-1/a~r3.svs",
    ]
    assert lab.archive.objects[KEY] == data
    assert lab.run() == []


@pytest.mark.parametrize("data", [SMALL, LARGE])
def test_a_key_that_is_taken_is_a_conflict_and_is_not_overwritten(lab: Lab, data: bytes) -> None:
    lab.archive.objects[KEY] = b"somebody else's"
    write(lab.folder / "a.svs", data)
    (outcome,) = lab.run()
    assert outcome.result is Result.CONFLICT
    assert "nothing was overwritten" in outcome.reason
    assert lab.archive.objects == {KEY: b"somebody else's"}
    assert lab.archive.uploads == {}
    assert lab.run() == [], "a conflict is remembered"


POINTS = [
    (data, hook, name, nth)
    for data, names in (
        (SMALL, {"put": 1}),
        (LARGE, {"holds": 1, "begin": 1, "put_part": 11, "complete": 1}),
    )
    for hook in ("before", "after")
    for name, times in names.items()
    for nth in range(1, times + 1)
]


@pytest.mark.parametrize(("data", "hook", "name", "nth"), POINTS)
def test_a_run_killed_at_any_request_is_made_good_by_the_next(
    lab: Lab, data: bytes, hook: str, name: str, nth: int
) -> None:
    write(lab.folder / "a.svs", data)
    setattr(lab.archive, hook, on_request(name, Killed(), nth=nth))
    lab.run_killed()
    (outcome,) = lab.run()
    assert outcome.result in {Result.UPLOADED, Result.EXISTS}
    assert lab.archive.objects == {KEY: data}
    assert lab.archive.uploads == {}
    assert lab.run() == []
    if data is LARGE and (hook, name) != ("after", "complete"):
        assert lab.archive.bytes_received <= len(data) + 1000, "at most one part is sent twice"


@pytest.mark.parametrize("nth", range(1, 40))
@pytest.mark.parametrize("data", [SMALL, LARGE])
def test_a_run_killed_at_any_journal_entry_is_made_good_by_the_next(
    lab: Lab, data: bytes, nth: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(lab.folder / "a.svs", data)
    calls = count(1)
    making = Commits.make

    def dying(self: Commits, change: Change) -> None:
        if next(calls) == nth:
            raise Killed
        making(self, change)

    monkeypatch.setattr(Commits, "make", dying)
    with suppress(Killed):
        lab.run()
    monkeypatch.setattr(Commits, "make", making)
    lab.run()
    assert lab.archive.objects == {KEY: data}
    assert lab.archive.uploads == {}
    assert lab.state() in {State.UPLOADED, State.EXISTS}


@pytest.mark.parametrize(
    ("repeated", "result", "sent"),
    [
        ("gone", Result.EXISTS, 2 * len(LARGE)),
        ("again", Result.UPLOADED, len(LARGE)),
        ("taken", Result.EXISTS, len(LARGE)),
    ],
)
def test_an_answer_lost_at_the_end_of_an_upload_is_no_conflict(
    lab: Lab, repeated: str, result: Result, sent: int
) -> None:
    write(lab.folder / "a.svs", LARGE)
    lab.archive.repeated_completion = repeated
    lab.archive.after = on_request("complete", Killed())
    lab.run_killed()
    assert [o.result for o in lab.run()] == [result]
    assert lab.archive.bytes_received == sent
    assert lab.archive.uploads == {}
    assert lab.run() == []


def test_an_answer_lost_at_the_end_of_a_put_is_no_conflict(lab: Lab) -> None:
    write(lab.folder / "a.svs", SMALL)
    lab.archive.after = on_request("put", Killed())
    lab.run_killed()
    (outcome,) = lab.run()
    assert outcome.result is Result.EXISTS
    assert "not proven" in outcome.reason
    assert "`labsight verify` asks the archive" in outcome.reason


def test_an_answer_lost_to_the_network_is_no_conflict_either(lab: Lab) -> None:
    write(lab.folder / "a.svs", SMALL)
    lab.archive.after = on_request("put", StorageUnavailable("read timeout"))
    assert [o.result for o in lab.run()] == [Result.FAILED]
    assert [o.result for o in lab.run()] == [Result.EXISTS]


def test_a_retry_inside_the_client_that_meets_a_taken_key_proves_nothing(lab: Lab) -> None:
    write(lab.folder / "a.svs", SMALL)
    lab.archive.before = on_request("put", retried(AlreadyThere("taken")))
    (outcome,) = lab.run()
    assert outcome.result is Result.EXISTS
    assert "not proven" in outcome.reason


def test_after_a_plain_refusal_a_taken_key_is_a_conflict(lab: Lab) -> None:
    write(lab.folder / "a.svs", SMALL)
    lab.archive.before = on_request("put", Refused("BadDigest"))
    assert [o.result for o in lab.run()] == [Result.FAILED]
    lab.archive.objects[KEY] = b"somebody else's"
    assert [o.result for o in lab.run()] == [Result.CONFLICT]


@pytest.mark.parametrize(("data", "request_"), [(SMALL, "put"), (LARGE, "complete")])
def test_a_rescan_after_a_success_that_nobody_heard_of_becomes_a_revision(
    lab: Lab, data: bytes, request_: str
) -> None:
    write(lab.folder / "a.svs", data)
    lab.archive.after = on_request(request_, Killed())
    lab.run_killed()
    write(lab.folder / "a.svs", data[::-1], LONG_AGO + 5)
    (outcome,) = lab.run()
    assert outcome.result is Result.UPLOADED
    assert outcome.key == SECOND
    assert lab.archive.objects == {KEY: data, SECOND: data[::-1]}
    assert lab.archive.uploads == {}
    assert lab.run() == []


@pytest.mark.parametrize("lost", [Killed(), StorageUnavailable("read timeout")])
@pytest.mark.parametrize(("data", "request_"), [(SMALL, "put"), (LARGE, "complete")])
def test_no_content_is_lost_when_two_in_a_row_are_left_in_doubt(
    lab: Lab, data: bytes, request_: str, lost: BaseException
) -> None:
    write(lab.folder / "a.svs", data)
    lab.archive.after = on_request(request_, lost)
    with suppress(Killed):
        lab.run()
    lab.archive.after = lambda _: None
    write(lab.folder / "a.svs", data[::-1], LONG_AGO + 5)
    lab.archive.before = on_request(request_, lost)
    with suppress(Killed):
        lab.run()
    lab.archive.before = lambda _: None
    assert [o.result for o in lab.run()] == [Result.UPLOADED]
    assert lab.archive.objects == {KEY: data, SECOND: data[::-1]}
    assert lab.archive.uploads == {}


CONTENTS = {"small": SMALL, "large": LARGE}
FAULTS = [Killed(), StorageUnavailable("timeout"), retried(Rejected("ExpiredToken"))]


@settings(max_examples=120, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(list(CONTENTS)),
            st.sampled_from(["before", "after"]),
            st.sampled_from(["put complete", "put complete", "begin put_part parts abort"]),
            st.sampled_from(FAULTS),
        ),
        min_size=2,
        max_size=5,
    ),
    st.sampled_from(list(CONTENTS)),
    st.sampled_from(["gone", "again", "taken"]),
    st.booleans(),
)
def test_whatever_fails_and_changes_the_last_content_arrives_and_nothing_is_replaced(
    faults: list[tuple[str, str, str, BaseException]], last: str, repeated: str, may_look: bool
) -> None:
    with tempfile.TemporaryDirectory() as place:
        lab = Lab(Path(place))
        lab.archive.repeated_completion, lab.archive.may_look = repeated, may_look
        for turn, (content, hook, names, error) in enumerate(faults):
            write(lab.folder / "a.svs", CONTENTS[content], LONG_AGO + turn)
            # What S3 answers to a second attempt comes after what the first one did.
            setattr(
                lab.archive, "after" if isinstance(error, Answer) else hook, failing(names, error)
            )
            with suppress(Killed, SettingsError):
                lab.run()
            lab.archive.before = lab.archive.after = lambda _: None
        earlier = dict(lab.archive.objects)
        write(lab.folder / "a.svs", CONTENTS[last], LONG_AGO + 100)
        results = {outcome.result for outcome in lab.run()}
        assert results <= {Result.UPLOADED, Result.EXISTS, Result.SAME}
        assert CONTENTS[last] in lab.archive.objects.values()
        assert lab.archive.objects.items() >= earlier.items()
        assert lab.run() == []


def test_content_that_came_back_is_sent_beside_what_may_be_other_content(lab: Lab) -> None:
    for turn, data in enumerate((SMALL, SMALL[::-1])):
        write(lab.folder / "a.svs", data, LONG_AGO + turn)
        lab.archive.before = on_request("put", Killed())
        lab.run_killed()
    lab.archive.objects[KEY] = b"one of the two, or somebody else's"
    write(lab.folder / "a.svs", SMALL, LONG_AGO + 9)
    assert [o.result for o in lab.run()] == [Result.UPLOADED]
    assert lab.archive.objects[SECOND] == SMALL


def test_a_next_revision_that_is_taken_too_is_a_conflict(lab: Lab) -> None:
    write(lab.folder / "a.svs", SMALL)
    lab.archive.after = on_request("put", Killed())
    lab.run_killed()
    lab.archive.objects[SECOND] = b"somebody else's"
    write(lab.folder / "a.svs", SMALL[::-1], LONG_AGO + 5)
    (outcome,) = lab.run()
    assert outcome.result is Result.CONFLICT
    assert SECOND in outcome.reason
    assert lab.run() == []


@pytest.mark.parametrize(("data", "request_"), [(SMALL, "put"), (LARGE, "complete")])
def test_a_key_taken_by_another_while_ours_was_in_doubt_is_never_passed_over_in_silence(
    lab: Lab, data: bytes, request_: str
) -> None:
    write(lab.folder / "a.svs", data)
    lab.archive.before = on_request(request_, Killed())
    lab.run_killed()
    lab.archive.objects[KEY] = b"somebody else's"
    (outcome,) = lab.run()
    assert outcome.result is Result.EXISTS
    assert "not proven" in outcome.reason
    assert lab.archive.uploads == {}


@pytest.mark.parametrize(
    "error",
    [
        retried(Rejected("ExpiredToken")),
        retried(Denied("no right")),
        retried(Refused("BadDigest")),
        retried(UploadGone("NoSuchUpload")),
        StorageUnavailable("ConditionalRequestConflict"),
        SettingsError("no secure connection"),
        Unreachable("offline"),
    ],
    ids=lambda error: type(error).__name__,
)
@pytest.mark.parametrize(("data", "request_"), [(SMALL, "put"), (LARGE, "complete")])
def test_what_an_earlier_attempt_of_the_same_request_may_have_stored_is_no_conflict(
    lab: Lab, data: bytes, request_: str, error: Exception
) -> None:
    write(lab.folder / "a.svs", data)
    lab.archive.after = on_request(request_, error)
    with suppress(SettingsError, Unreachable):
        lab.run()
    lab.archive.after = lambda _: None
    assert [o.result for o in lab.run()] == [Result.EXISTS]
    assert lab.archive.objects == {KEY: data}


@pytest.mark.parametrize("error", [Rejected("ExpiredToken"), Denied("no"), Refused("BadDigest")])
def test_what_was_refused_at_the_first_attempt_was_not_stored(lab: Lab, error: Exception) -> None:
    write(lab.folder / "a.svs", SMALL)
    lab.archive.before = on_request("put", error)
    with suppress(SettingsError):
        lab.run()
    lab.archive.objects[KEY] = b"somebody else's"
    assert [o.result for o in lab.run()] == [Result.CONFLICT]


def test_a_rescan_noticed_at_a_second_attempt_does_not_deny_the_first(lab: Lab) -> None:
    write(lab.folder / "a.svs", SMALL)
    put = lab.archive.put

    def put_again(new: NewObject, content: Body, crc64: int) -> None:
        put(new, content, crc64)
        write(lab.folder / "a.svs", SMALL[::-1], LONG_AGO + 5)
        list(content.blocks())

    lab.archive.put = put_again  # type: ignore[method-assign, assignment] # a client that sends it again
    assert [o.result for o in lab.run()] == [Result.CHANGED]
    lab.archive.put = put  # type: ignore[method-assign]
    assert [o.result for o in lab.run()] == [Result.UPLOADED]
    assert lab.archive.objects == {KEY: SMALL, SECOND: SMALL[::-1]}


def test_a_taken_key_is_found_before_a_large_file_is_sent_if_the_rights_allow_it(lab: Lab) -> None:
    write(lab.folder / "a.svs", LARGE)
    lab.archive.may_look = True
    lab.archive.objects[KEY] = LARGE
    assert [o.result for o in lab.run()] == [Result.CONFLICT]
    assert lab.archive.requests == ["holds"]


def test_what_an_interrupted_upload_stored_is_not_sent_again_if_the_rights_allow_to_look(
    lab: Lab,
) -> None:
    write(lab.folder / "a.svs", LARGE)
    lab.archive.may_look = True
    lab.archive.after = on_request("complete", Killed())
    lab.run_killed()
    assert [o.result for o in lab.run()] == [Result.EXISTS]
    assert lab.archive.bytes_received == len(LARGE)


def test_small_files_and_uploads_that_go_on_need_no_look(lab: Lab) -> None:
    write(lab.folder / "small.svs", SMALL)
    write(lab.folder / "large.svs", LARGE)
    lab.archive.before = on_request("put_part", Killed(), nth=5)
    lab.run_killed()
    lab.archive.requests.clear()
    assert {o.result for o in lab.run()} == {Result.UPLOADED}
    assert "holds" not in lab.archive.requests


@pytest.mark.parametrize("data", [SMALL, LARGE])
def test_a_file_that_a_writer_opens_while_it_is_sent_is_not_stored(
    lab: Lab, data: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(lab.folder / "a.svs", data)
    writing: list[str] = []
    lab.moved = lambda path, position: writing.append(path) if position == 2000 else None
    monkeypatch.setattr(source, "held_by_a_writer", lambda _: bool(writing))
    assert [o.result for o in lab.run()] == [Result.CHANGED]
    assert lab.archive.objects == {}


def test_an_upload_that_expired_is_begun_anew(lab: Lab) -> None:
    write(lab.folder / "a.svs", LARGE)
    lab.archive.before = on_request("put_part", Killed(), nth=5)
    lab.run_killed()
    lab.archive.uploads.clear()
    assert [o.result for o in lab.run()] == [Result.UPLOADED]
    assert lab.archive.objects == {KEY: LARGE}


def test_an_upload_that_vanishes_meanwhile_fails_once(lab: Lab) -> None:
    write(lab.folder / "a.svs", LARGE)
    lab.archive.after = lambda name: lab.archive.uploads.clear() if name == "put_part" else None
    assert [o.result for o in lab.run()] == [Result.FAILED]
    lab.archive.after = lambda _: None
    assert [o.result for o in lab.run()] == [Result.UPLOADED]


def test_parts_of_other_content_are_not_used(lab: Lab) -> None:
    write(lab.folder / "a.svs", LARGE)
    lab.archive.before = on_request("put_part", Killed(), nth=5)
    lab.run_killed()
    write(lab.folder / "a.svs", LARGE[::-1], LONG_AGO + 5)
    assert [o.result for o in lab.run()] == [Result.UPLOADED]
    assert lab.archive.objects == {KEY: LARGE[::-1]}
    assert lab.archive.uploads == {}


def test_bytes_changed_behind_an_old_time_stamp_are_sent_as_they_are(lab: Lab) -> None:
    write(lab.folder / "a.svs", LARGE)
    lab.archive.before = on_request("put_part", Killed(), nth=5)
    lab.run_killed()
    other = b"changed" + LARGE[7:]
    write(lab.folder / "a.svs", other)
    assert [o.result for o in lab.run()] == [Result.UPLOADED]
    assert lab.archive.objects == {KEY: other}


def test_uploads_of_the_same_file_that_nobody_noted_are_aborted(lab: Lab) -> None:
    write(lab.folder / "a.svs", LARGE)
    lab.archive.after = on_request("begin", Killed())
    lab.run_killed()
    assert len(lab.archive.uploads) == 1
    lab.run()
    assert lab.archive.uploads == {}


@pytest.mark.parametrize("denied", ["open_uploads", "parts", "abort"])
@pytest.mark.parametrize("killed", ["begin", "put_part"])
def test_a_right_that_is_missing_for_tidying_stops_nothing(
    lab: Lab, denied: str, killed: str
) -> None:
    write(lab.folder / "a.svs", LARGE)
    lab.archive.after = on_request(killed, Killed())
    lab.run_killed()
    lab.archive.before = on_request(denied, Denied("no"))
    assert [o.result for o in lab.run()] == [Result.UPLOADED]
    assert lab.archive.objects == {KEY: LARGE}


@pytest.mark.parametrize("data", [SMALL, LARGE])
def test_a_file_that_changes_while_it_is_sent_is_not_stored(lab: Lab, data: bytes) -> None:
    file = write(lab.folder / "a.svs", data)

    def grow(_path: str, position: int) -> None:
        if position == 2000:
            with file.open("ab") as writer:
                writer.write(b"more")

    lab.moved = grow
    (outcome,) = lab.run()
    assert outcome.result is Result.CHANGED
    assert lab.archive.objects == {}
    assert lab.archive.uploads == {}
    assert lab.state() is State.SEEN
    lab.moved = lambda _path, _position: None
    assert [o.result for o in lab.run()] == [Result.UPLOADED]
    assert lab.archive.objects[KEY] == file.read_bytes()


@pytest.mark.parametrize("data", [SMALL, LARGE])
def test_a_file_that_is_taken_away_while_it_is_sent_is_not_stored(lab: Lab, data: bytes) -> None:
    file = write(lab.folder / "a.svs", data)
    lab.moved = lambda _path, position: file.unlink(missing_ok=True) if position == 2000 else None
    assert [o.result for o in lab.run()] == [Result.CHANGED]
    assert lab.archive.objects == {}
    assert lab.archive.uploads == {}


@pytest.mark.parametrize("data", [SMALL, LARGE])
def test_a_stopped_run_goes_on_where_it_was(lab: Lab, data: bytes) -> None:
    write(lab.folder / "a.svs", data)

    def stop(_path: str, position: int) -> None:
        if position == 2000:
            raise Stopped

    lab.moved = stop
    with pytest.raises(Stopped):
        lab.run()
    assert lab.state() is State.UPLOADING
    lab.moved = lambda _path, _position: None
    assert [o.result for o in lab.run()] == [Result.UPLOADED]
    assert lab.archive.objects == {KEY: data}


def test_a_stopped_put_does_not_excuse_a_taken_key(lab: Lab) -> None:
    write(lab.folder / "a.svs", SMALL)
    lab.archive.objects[KEY] = b"somebody else's"

    def stop(_path: str, position: int) -> None:
        if position == 2000:
            raise Stopped

    lab.moved = stop
    with pytest.raises(Stopped):
        lab.run()
    lab.moved = lambda _path, _position: None
    assert [o.result for o in lab.run()] == [Result.CONFLICT]


def test_one_bad_file_does_not_stop_the_others(lab: Lab) -> None:
    write(lab.folder / "a.svs", SMALL)
    write(lab.folder / "b.svs", SMALL)
    lab.archive.before = on_request("put", StorageUnavailable("the archive failed: 503"))
    assert [(o.result, o.reason) for o in lab.run()] == [
        (Result.FAILED, "the archive failed: 503"),
        (Result.UPLOADED, ""),
    ]
    assert lab.state() is State.FAILED


@pytest.mark.parametrize("error", [SettingsError("no bucket"), Unreachable("offline")])
@pytest.mark.parametrize("data", [SMALL, LARGE])
def test_what_concerns_every_file_ends_the_run(lab: Lab, data: bytes, error: Exception) -> None:
    write(lab.folder / "a.svs", data)
    lab.archive.before = lambda _: (_ for _ in ()).throw(error)
    with pytest.raises(type(error)):
        lab.run()
    lab.archive.before = lambda _: None
    assert [o.result for o in lab.run()] == [Result.UPLOADED]


def test_a_link_put_in_the_place_of_a_file_is_not_followed(lab: Lab, tmp_path: Path) -> None:
    secret = write(tmp_path / "secret", SMALL)
    file = write(lab.folder / "a.svs", SMALL)
    journal = open_journal(lab.folder, lab.journal_file)
    (found,) = unsettled(lab.folder, journal)
    file.unlink()
    file.symlink_to(secret)
    outcome = transfer(lab.means(journal), found)
    journal.close()
    assert outcome.result in {Result.FAILED, Result.CHANGED}
    assert lab.archive.requests == []


def test_the_upload_of_a_file_that_is_gone_is_dropped(lab: Lab) -> None:
    write(lab.folder / "a.svs", LARGE)
    lab.archive.before = on_request("put_part", Killed(), nth=3)
    lab.run_killed()
    journal = open_journal(lab.folder, lab.journal_file)
    entry = journal.entry("a.svs")
    assert entry is not None
    abandon(lab.archive, journal, "scanner-1", entry)
    assert lab.archive.uploads == {}
    assert journal.entry("a.svs") == replace(entry, state=State.SEEN, upload=None)
    journal.close()


def test_parts_grow_with_the_file_so_that_their_number_stays_allowed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.undo()
    mib = 1 << 20
    assert part_size(100 * mib) == 16 * mib
    for size in (160_000 * mib, 160_000 * mib + 1, 5 << 40):
        assert part_size(size) % mib == 0
        assert -(-size // part_size(size)) <= 10_000


def unreadable(*_: object) -> None:
    raise PermissionError(13, "Permission denied")


@pytest.mark.parametrize("data", [SMALL, LARGE])
def test_a_file_that_was_only_touched_is_not_sent_again_after_a_failure_either(
    lab: Lab, data: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(lab.folder / "a.svs", data)
    lab.run()
    write(lab.folder / "a.svs", data, LONG_AGO + 60)
    with monkeypatch.context() as away:
        away.setattr(transfer_module, "opened_content", unreadable)
        assert [o.result for o in lab.run()] == [Result.FAILED]
    assert [o.result for o in lab.run()] == [Result.SAME]
    assert lab.state() is State.UPLOADED
    assert lab.archive.objects == {KEY: data}
    assert lab.run() == []


@pytest.mark.parametrize(("data", "request_"), [(SMALL, "put"), (LARGE, "put_part")])
def test_content_that_came_back_before_other_content_arrived_is_not_sent_again(
    lab: Lab, data: bytes, request_: str
) -> None:
    write(lab.folder / "a.svs", data)
    lab.run()
    write(lab.folder / "a.svs", data[::-1], LONG_AGO + 60)
    lab.archive.before = on_request(request_, Refused("no"))
    assert [o.result for o in lab.run()] == [Result.FAILED]
    write(lab.folder / "a.svs", data, LONG_AGO + 70)
    assert [o.result for o in lab.run()] == [Result.SAME]
    assert lab.archive.objects == {KEY: data}
    assert lab.archive.uploads == {}
    assert lab.run() == []


def test_content_that_came_back_after_other_content_may_have_arrived_is_sent(lab: Lab) -> None:
    write(lab.folder / "a.svs", SMALL)
    lab.run()
    write(lab.folder / "a.svs", SMALL[::-1], LONG_AGO + 60)
    lab.archive.after = on_request("put", Killed())
    lab.run_killed()
    write(lab.folder / "a.svs", SMALL, LONG_AGO + 70)
    assert [o.result for o in lab.run()] == [Result.UPLOADED]
    assert lab.archive.objects["slides/scanner-1/a~r3.svs"] == SMALL


@pytest.mark.parametrize("error", [StorageUnavailable("503"), Refused("400")])
def test_an_upload_that_cannot_be_dropped_stops_no_other_file(
    lab: Lab, error: LabsightError
) -> None:
    file = write(lab.folder / "a.svs", LARGE)
    write(lab.folder / "b.svs", SMALL, LONG_AGO + 1)

    def grow(path: str, position: int) -> None:
        if (path, position) == ("a.svs", 2000):
            file.write_bytes(LARGE + b"more")

    lab.moved = grow
    lab.archive.before = on_request("abort", error)
    assert [o.result for o in lab.run()] == [Result.CHANGED, Result.UPLOADED]
    assert len(lab.archive.uploads) == 1
    lab.moved = lambda _path, _position: None
    assert [o.result for o in lab.run()] == [Result.UPLOADED]
    assert lab.archive.uploads == {}


@pytest.mark.parametrize("error", [StorageUnavailable("503"), Refused("400")])
def test_the_upload_of_a_file_that_is_gone_is_dropped_later_when_it_cannot_be_now(
    lab: Lab, error: LabsightError
) -> None:
    write(lab.folder / "a.svs", LARGE)
    lab.archive.before = on_request("put_part", Killed(), nth=3)
    lab.run_killed()
    lab.archive.before = on_request("abort", error)
    with closing(open_journal(lab.folder, lab.journal_file)) as journal:
        for uploads in (1, 0):
            (entry,) = journal.open_uploads()
            abandon(lab.archive, journal, "scanner-1", entry)
            assert len(lab.archive.uploads) == uploads
        assert journal.open_uploads() == []


def test_what_another_thread_still_sends_is_left_to_it(lab: Lab) -> None:
    write(lab.folder / "a.svs", SMALL)
    with closing(open_journal(lab.folder, lab.journal_file)) as journal:
        (found,) = unsettled(lab.folder, journal)
        second: list[Outcome] = []

        def begin_again(request: str) -> None:
            if request == "put" and not second:
                second.append(transfer(lab.means(journal), found))

        lab.archive.before = begin_again
        assert transfer(lab.means(journal), found).result is Result.UPLOADED
        assert [o.result for o in second] == [Result.UNFINISHED]
        assert lab.archive.requests == ["put"]
        entry = journal.entry("a.svs")
        assert entry is not None
        assert entry.state is State.UPLOADED
        assert transfer(lab.means(journal), found).result is Result.SAME


@pytest.mark.parametrize("has_changed", [True, False])
def test_the_other_parts_of_a_file_that_cannot_be_sent_end_too(
    lab: Lab, has_changed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "AT_A_TIME", 2)
    write(lab.folder / "a.svs", LARGE)
    stops: list[threading.Event] = []

    def watched(*given: Any, stop: threading.Event, **named: Any) -> Any:
        stops.append(stop)
        return in_parallel(*given, stop=stop, **named)

    monkeypatch.setattr(parts, "in_parallel", watched)
    calls, both = count(1), threading.Barrier(2, timeout=10)

    def hook(request: str) -> None:
        if request == "put_part":
            number = next(calls)
            both.wait()
            if number == 1:
                raise SourceChanged if has_changed else StorageUnavailable("503")
            assert stops[0].wait(10)

    lab.archive.before = hook
    assert [o.result for o in lab.run()] == [Result.CHANGED if has_changed else Result.FAILED]
    assert lab.archive.bytes_received == 0


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere all names are text")
def test_a_name_that_is_no_text_may_be_in_a_reason(lab: Lab) -> None:
    name = os.fsdecode(b"\xff.svs")
    file = write(lab.folder / name, SMALL)
    with closing(open_journal(lab.folder, lab.journal_file)) as journal:
        (found,) = unsettled(lab.folder, journal)
        file.unlink()
        os.mkfifo(file)
        assert transfer(lab.means(journal), found).result is Result.FAILED
        entry = journal.entry(name)
        assert entry is not None
        assert "is not a regular file" in entry.reason


def test_a_large_file_whose_turn_comes_after_the_end_asks_for_nothing(lab: Lab) -> None:
    write(lab.folder / "a.svs", LARGE)
    with closing(open_journal(lab.folder, lab.journal_file)) as journal:
        means = lab.means(journal)
        (found,) = unsettled(lab.folder, journal)

        def stopped(_path: str, _position: int) -> None:
            raise Stopped

        with pytest.raises(Stopped):
            transfer(replace(means, moved=stopped), found)
    assert lab.archive.requests == []
