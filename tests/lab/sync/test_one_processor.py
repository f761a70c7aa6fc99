"""All threads share one processor for a while, and have theirs back afterwards."""

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from labsight_lab.sync import one_processor
from labsight_lab.sync.one_processor import OneProcessor

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or len(os.sched_getaffinity(0)) < 2,
    reason="needs Linux and two processors",
)


class Other:
    """A thread that tells where it may run until it is ended."""

    def __init__(self) -> None:
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._end.wait)
        self._thread.start()

    def processors(self) -> set[int]:
        assert self._thread.native_id is not None
        return os.sched_getaffinity(self._thread.native_id)

    def close(self) -> None:
        self._end.set()
        self._thread.join()


@pytest.fixture
def other() -> Iterator[Other]:
    """A thread that was there before."""
    with closing(Other()) as other:
        yield other


@pytest.fixture
def one() -> Iterator[OneProcessor]:
    """Left at the end, whatever fails: the tests after this one want all processors."""
    one = OneProcessor()
    yield one
    one.leave()


def test_all_threads_share_one_and_so_do_those_that_begin_then(
    one: OneProcessor, other: Other
) -> None:
    usual = os.sched_getaffinity(0)
    one.stay()
    here = os.sched_getaffinity(0)
    assert len(here) == 1
    assert here < usual
    with closing(Other()) as later:
        assert other.processors() == later.processors() == here
        one.leave()
        assert other.processors() == later.processors() == os.sched_getaffinity(0) == usual


def test_to_stay_twice_forgets_nothing(one: OneProcessor) -> None:
    usual = os.sched_getaffinity(0)
    one.stay()
    one.stay()
    one.leave()
    one.leave()
    assert os.sched_getaffinity(0) == usual


def test_where_the_system_does_not_tell_the_processor_nothing_changes(
    one: OneProcessor, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = os.sched_getaffinity(0)
    monkeypatch.setattr(one_processor, "_here", lambda: None)
    one.stay()
    assert os.sched_getaffinity(0) == usual
