"""What is wrong is known from rows, from the last look, and from a glance at the folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from labsight_lab.sync.journal.entries import State
from labsight_lab.sync.journal.journal import Journal
from labsight_lab.sync.journal.problems import Found
from labsight_lab.sync.journal.runs import RunLog
from labsight_lab.sync.telling import known_problems as room
from labsight_lab.sync.telling.kinds import Kind
from labsight_lab.sync.telling.known_problems import known_problems, lost
from tests.lab.support import write
from tests.lab.sync.telling.made import open_for, row, target
from tests.lab.windows_paths import DEEP, take_paths_as_windows


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "slides"
    place.mkdir()
    return place


@pytest.fixture
def journal(tmp_path: Path, folder: Path) -> Iterator[Journal]:
    opened = open_for(target(folder, tmp_path / "j.sqlite"))
    yield opened
    opened.close()


def looked(journal: Journal, **found: str) -> None:
    """Note what a look found, by kind: paths between spaces."""
    problems = {
        path: Found(kind, f"{kind} by the look")
        for kind, paths in found.items()
        for path in paths.split()
    }
    RunLog(journal).looked(files=0, bytes=0, problems=problems)


def told(journal: Journal, folder: Path) -> dict[str, list[tuple[str, str]]]:
    found = known_problems(journal, folder).by_kind
    return {
        kind.value: sorted((one.path, one.reason) for one in its) for kind, its in found.items()
    }


def test_rows_and_the_last_look_are_put_together(journal: Journal, folder: Path) -> None:
    for name in ("a.svs", "b.svs", "c.svs", "u.svs", "clash.svs"):
        write(folder / name, b"x")
    journal.write(
        [
            row("a.svs", State.FAILED, reason="503"),
            row("b.svs", State.CONFLICT, reason="taken"),
            row("c.svs", State.FAILED, reason="an older reason"),
            row("e.svs", State.EXISTS, reason="not proven"),
            row("fine.svs"),
        ]
    )
    looked(journal, failed="c.svs clash.svs", unfinished="u.svs")
    assert told(journal, folder) == {
        "failed": [
            ("a.svs", "503"),
            ("c.svs", "failed by the look"),
            ("clash.svs", "failed by the look"),
        ],
        "conflict": [("b.svs", "taken")],
        "exists": [("e.svs", "not proven")],
        "unfinished": [("u.svs", "unfinished by the look")],
    }


def test_what_verify_has_solved_since_the_look_is_no_problem(
    journal: Journal, folder: Path
) -> None:
    journal.write([row("c.svs", State.VERIFIED), row("e.svs", State.VERIFIED)])
    looked(journal, conflict="c.svs", exists="e.svs")
    assert told(journal, folder) == {}


def test_a_file_that_is_written_anew_is_not_failed(journal: Journal, folder: Path) -> None:
    write(folder / "u.svs", b"x")
    journal.write([row("u.svs", State.FAILED, reason="503")])
    looked(journal, unfinished="u.svs")
    assert list(told(journal, folder)) == ["unfinished"]


def test_what_is_not_in_the_folder_any_more_is_gone(journal: Journal, folder: Path) -> None:
    journal.write([row("a.svs", State.FAILED), row("b.svs", State.CONFLICT)])
    journal.write([row("e.svs", State.EXISTS)])
    looked(journal, failed="a.svs x.svs", unfinished="s1/")
    found = known_problems(journal, folder)
    assert found.gone == ["a.svs", "b.svs"]
    assert {kind.value for kind in found.by_kind} == {"exists", "unfinished"}, (
        "what may be in the archive has to be proven, and a unit has no file of its own"
    )


def test_what_lies_deep_is_not_gone(
    journal: Journal, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(folder / DEEP, b"x")
    journal.write([row(DEEP, State.FAILED, reason="503")])
    take_paths_as_windows(monkeypatch)
    assert told(journal, folder) == {"failed": [(DEEP, "503")]}


def test_a_folder_that_is_away_says_nothing(journal: Journal, tmp_path: Path) -> None:
    journal.write([row("a.svs", State.FAILED)])
    found = known_problems(journal, tmp_path / "away")
    assert (found.gone, list(found.by_kind)) == ([], [Kind.FAILED])


def test_a_slow_share_is_not_asked_for_all_of_many_files(
    journal: Journal, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "_MOST_ASKED", 3)
    journal.write([row(f"{n}.svs", State.FAILED) for n in range(9)])
    found = known_problems(journal, folder)
    assert (len(found.gone), len(found.by_kind[Kind.FAILED])) == (3, 6)


def test_what_verifying_missed_is_known_until_it_is_sent_again(
    journal: Journal, folder: Path
) -> None:
    told_by = "`labsight verify`: there is no object"
    journal.write([row("gone-here-too.svs", reason=told_by), row("a/s1/", reason=told_by)])
    looked(journal, unfinished="gone-here-too.svs")
    assert told(journal, folder)["lost"] == [("a/s1/", told_by), ("gone-here-too.svs", told_by)]
    journal.write([row("gone-here-too.svs"), row("a/s1/")])
    assert "lost" not in told(journal, folder)


def test_a_run_is_told_what_verifying_missed(journal: Journal) -> None:
    journal.write([row("a.svs", reason="missed"), row("b.svs"), row("a/s1/", reason="missed")])
    journal.write([row("c.svs", State.FAILED, reason="503")])
    assert lost(journal) == {"a.svs": "missed", "a/s1/": "missed"}
