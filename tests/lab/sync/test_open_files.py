"""Descriptors: as many as are needed, fewer connections where the system has no more."""

import errno
import resource

import pytest

from labsight.errors import SettingsError
from labsight_lab.sync.open_files import few_connections, most_connections, raise_shortage

UNLIMITED = resource.RLIM_INFINITY


class Limits:
    """A system's soft and hard limit; ``most`` is what it really gives."""

    def __init__(self, soft: int, hard: int, most: int | None = None) -> None:
        self.now, self.most = (soft, hard), most

    def get(self, which: int) -> tuple[int, int]:
        assert which == resource.RLIMIT_NOFILE
        return self.now

    def set(self, which: int, limits: tuple[int, int]) -> None:
        assert which == resource.RLIMIT_NOFILE
        if self.most is not None and limits[0] > self.most:
            raise ValueError("current limit exceeds maximum limit")
        self.now = limits


@pytest.fixture
def given(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Limits:
    limits = Limits(*request.param)
    monkeypatch.setattr(resource, "getrlimit", limits.get)
    monkeypatch.setattr(resource, "setrlimit", limits.set)
    return limits


@pytest.mark.parametrize(
    ("given", "wanted", "most", "soft"),
    [
        ((256, UNLIMITED), 128, 128, 576),  # macOS
        ((256, UNLIMITED, 10_240), 128, 128, 576),
        ((256, 4096), 128, 128, 576),
        ((1024, 4096), 128, 128, 1024),
        ((UNLIMITED, UNLIMITED), 128, 128, UNLIMITED),
        ((256, 256), 128, 48, 256),
        ((256, 400), 128, 84, 400),
        ((256, UNLIMITED, 256), 128, 48, 256),
        ((20, 20), 128, 1, 20),
        ((256, 256), 1, 1, 256),
    ],
    indirect=["given"],
)
def test_the_limit_is_raised_as_far_as_needed_and_connections_kept_below_it(
    given: Limits, wanted: int, most: int, soft: int
) -> None:
    hard = given.now[1]
    assert most_connections(wanted) == most
    assert given.now == (soft, hard)


def test_people_are_told_that_not_all_connections_are_used() -> None:
    assert "only 48 of 128 connections" in few_connections(128, 48)


@pytest.mark.parametrize(
    ("number", "whose"), [(errno.EMFILE, "labsight has"), (errno.ENFILE, "this computer has")]
)
def test_too_many_open_files_is_no_fault_of_a_file(number: int, whose: str) -> None:
    with pytest.raises(SettingsError, match=whose):
        raise_shortage(OSError(number, "Too many open files"))


def test_other_errors_are_left_to_be() -> None:
    raise_shortage(PermissionError(errno.EACCES, "Permission denied"))
    raise_shortage(OSError("without a number"))
