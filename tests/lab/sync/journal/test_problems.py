"""What is wrong is remembered with the time since when; only differences are written."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from labsight_lab.sync.journal import problems
from labsight_lab.sync.journal.journal import Journal
from labsight_lab.sync.journal.problems import Found, ProblemLog, kept
from tests.lab.support import open_journal

A, B = Found("failed", "503"), Found("conflict", "taken")


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    opened = open_journal(tmp_path, tmp_path / "j.sqlite")
    yield opened
    opened.close()


def write(journal: Journal, log: ProblemLog, present: Mapping[str, Found]) -> None:
    journal.change(lambda db: log.write(db, present))
    log.written(present)


def there(journal: Journal) -> dict[str, Found]:
    return {one.path: Found(one.kind, one.reason) for one in kept(journal)}


def test_what_is_written_is_there_for_the_next_run(journal: Journal) -> None:
    write(journal, ProblemLog(journal), {"a.svs": A, "\udcff.svs": B})
    assert there(journal) == {"a.svs": A, "\udcff.svs": B}
    again = ProblemLog(journal)
    assert not again.differs({"a.svs": A, "\udcff.svs": B})
    write(journal, again, {"a.svs": A})
    assert there(journal) == {"a.svs": A}


def test_the_time_is_that_of_the_first_time(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.0]
    monkeypatch.setattr("labsight_lab.sync.journal.problems.time.time", lambda: now[0])
    log = ProblemLog(journal)
    write(journal, log, {"a.svs": A})
    now[0] = 2000.0
    write(journal, log, {"a.svs": Found("failed", "another reason")})
    assert [(one.reason, one.since) for one in kept(journal)] == [("another reason", 1000.0)]
    write(journal, log, {"a.svs": B})
    assert [(one.kind, one.since) for one in kept(journal)] == [("conflict", 2000.0)]


def test_a_reason_alone_is_no_news(journal: Journal) -> None:
    log = ProblemLog(journal)
    assert log.differs({"a.svs": A})
    write(journal, log, {"a.svs": A})
    assert not log.differs({"a.svs": Found("failed", "unchanged for 25 h")})
    assert log.differs({"a.svs": B})
    assert log.differs({"b.svs": A})
    assert log.differs({})


def test_there_is_a_bound(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(problems, "MOST", 3)
    log = ProblemLog(journal)
    many = {f"{n}.svs": A for n in range(10)}
    write(journal, log, many)
    assert len(kept(journal)) == 3
    assert not log.differs(many)


_FOUND = st.builds(Found, st.sampled_from(["failed", "conflict"]), st.sampled_from(["x", "y"]))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(st.lists(st.dictionaries(st.sampled_from("abcde"), _FOUND), max_size=6))
def test_what_is_there_is_what_was_written_last(
    journal: Journal, steps: list[dict[str, Found]]
) -> None:
    log = ProblemLog(journal)
    for present in steps:
        write(journal, log, present)
        assert there(journal) == present
