"""Answers that nobody heard: what they may have stored is neither lost nor taken for proven."""

import tempfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labsight.errors import SettingsError, StorageUnavailable
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
from labsight_lab.sync.sending.outcome import Result
from tests.lab.support import LONG_AGO, Killed, write
from tests.lab.sync.sending.lab import KEY, LARGE, SECOND, SMALL, Lab, failing, on_request, retried


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


@pytest.mark.usefixtures("small_parts")
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


def test_what_an_interrupted_upload_stored_is_not_sent_again_if_the_rights_allow_to_look(
    lab: Lab,
) -> None:
    write(lab.folder / "a.svs", LARGE)
    lab.archive.may_look = True
    lab.archive.after = on_request("complete", Killed())
    lab.run_killed()
    assert [o.result for o in lab.run()] == [Result.EXISTS]
    assert lab.archive.bytes_received == len(LARGE)
