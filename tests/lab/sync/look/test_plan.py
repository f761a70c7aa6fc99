"""What a look at the folder finds: slides to send, slides known, all else by name."""

import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from labsight_lab.sync.journal.journal import Entry, State
from labsight_lab.sync.look.names import is_included
from labsight_lab.sync.look.plan import SEVERAL_FILES, Plan, Problem, make_plan
from labsight_lab.sync.sending.source import Fingerprint
from tests.lab.support import LONG_AGO, write


def look(folder: Path, *known: Entry, include: tuple[str, ...] = ()) -> Plan:
    return make_plan(folder, "scanner-1", {entry.path: entry for entry in known}, include)


def entry(path: str, state: State, *, size: int = 1, revision: int = 1) -> Entry:
    return Entry(
        path=path,
        key=f"slides/scanner-1/{path}",
        fingerprint=Fingerprint(size, LONG_AGO * 10**9),
        state=state,
        reason="why",
        revision=revision,
    )


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("a.svs", None),
        ("A.SVS", None),
        ("a.ome.tif", None),
        ("a.OME.TIFF", None),
        ("a.ndpi", None),
        ("a.scn", None),
        ("a.bif", None),
        ("a.svslide", None),
        ("a.czi", None),
        ("a.dcm", None),
        ("ä ö/ü.svs", None),
        ("README", "not a slide by its suffix"),
        ("README.txt", "not a slide by its suffix"),
        ("svs", "not a slide by its suffix"),
        (".svs", "hidden"),
        (".a.svs.Xy12", "hidden"),
        ("~$a.svs", "hidden"),
        ("a.svs.part", "not a slide by its suffix"),
        ("a.svs.filepart", "not a slide by its suffix"),
    ],
)
def test_a_file_is_sent_or_skipped_by_its_name(
    tmp_path: Path, name: str, reason: str | None
) -> None:
    write(tmp_path / name, b"x")
    plan = look(tmp_path)
    if reason is None:
        assert [str(c.key) for c in plan.candidates] == [f"slides/scanner-1/{name}"]
        assert not plan.skipped
    else:
        assert not plan.candidates
        assert plan.skipped_names == [Problem(name, reason)]


@pytest.mark.parametrize("name", ["a.mrxs", "a.vms", "a.vmu", "a.vsi"])
def test_a_slide_of_several_files_is_named_and_not_sent_by_half(tmp_path: Path, name: str) -> None:
    write(tmp_path / name, b"x")
    assert look(tmp_path).problems == [Problem(name, SEVERAL_FILES)]


@pytest.mark.parametrize(
    ("state", "size", "found"),
    [
        (State.UPLOADED, 1, "unchanged"),
        (State.EXISTS, 1, "unchanged"),
        (State.CONFLICT, 1, "conflict"),
        (State.UPLOADED, 2, "candidate"),
        (State.CONFLICT, 2, "candidate"),
        (State.SEEN, 1, "candidate"),
        (State.UPLOADING, 1, "candidate"),
        (State.FAILED, 1, "candidate"),
    ],
)
def test_the_journal_decides_about_a_known_file(
    tmp_path: Path, state: State, size: int, found: str
) -> None:
    write(tmp_path / "a.svs", b"x")
    plan = look(tmp_path, entry("a.svs", state, size=size))
    assert [c.path for c in plan.candidates] == (["a.svs"] if found == "candidate" else [])
    assert plan.unchanged == ({"a.svs"} if found == "unchanged" else set())
    assert plan.conflicts == ([Problem("a.svs", "why")] if found == "conflict" else [])


def test_other_content_under_a_known_name_becomes_the_next_revision(tmp_path: Path) -> None:
    write(tmp_path / "a.ome.tif", b"xx")
    (candidate,) = look(tmp_path, entry("a.ome.tif", State.UPLOADED, revision=2)).candidates
    assert str(candidate.key) == "slides/scanner-1/a~r3.ome.tif"


def test_the_oldest_scan_is_sent_first(tmp_path: Path) -> None:
    write(tmp_path / "a.svs", b"x", LONG_AGO + 2)
    write(tmp_path / "b.svs", b"x", LONG_AGO + 1)
    assert [c.path for c in look(tmp_path).candidates] == ["b.svs", "a.svs"]


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS holds the two spellings for one name")
@pytest.mark.parametrize("known", [(), ("Müller.svs",), ("Mu\u0308ller.svs",)])
def test_names_with_one_key_are_all_named_and_the_rest_goes_on(
    tmp_path: Path, known: tuple[str, ...]
) -> None:
    same = ["Mu\u0308ller.svs", "Müller.svs"]
    for name in (*same, "a.svs"):
        write(tmp_path / name, b"x")
    entries = [replace(entry(n, State.UPLOADED), key="slides/scanner-1/Müller.svs") for n in known]
    plan = look(tmp_path, *entries)
    assert [c.path for c in plan.candidates] == ["a.svs"]
    assert plan.unchanged == set()
    assert sorted(problem.path for problem in plan.problems) == same
    for problem in plan.problems:
        assert "'M\\xfcller.svs'" in problem.reason
        assert "'Mu\\u0308ller.svs'" in problem.reason
        assert "would be stored as slides/scanner-1/Müller.svs; rename" in problem.reason


def test_a_name_too_long_for_a_key_is_a_problem_of_that_file_alone(tmp_path: Path) -> None:
    write(tmp_path / ("/".join(["x" * 200] * 6) + ".svs"), b"x")
    write(tmp_path / "a.svs", b"x")
    (problem,) = look(tmp_path).problems
    assert "S3 takes 1024; shorten the file or folder names" in problem.reason
    assert [c.path for c in look(tmp_path).candidates] == ["a.svs"]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux takes names that are no text")
def test_a_name_that_is_no_text_has_a_key_of_its_own(tmp_path: Path) -> None:
    os.close(os.open(os.fsencode(tmp_path) + b"/\xff.svs", os.O_CREAT | os.O_WRONLY))
    (candidate,) = look(tmp_path).candidates
    assert str(candidate.key).startswith("slides/scanner-1/%")


def test_links_are_not_followed(tmp_path: Path) -> None:
    outside, inside = tmp_path / "outside", tmp_path / "inside"
    write(outside / "a.svs", b"x")
    inside.mkdir()
    (inside / "file.svs").symlink_to(outside / "a.svs")
    (inside / "folder").symlink_to(outside, target_is_directory=True)
    (inside / "broken.svs").symlink_to(outside / "nothing.svs")
    plan = look(inside)
    assert not plan.candidates
    assert sorted(problem.path for problem in plan.skipped_names) == [
        "broken.svs",
        "file.svs",
        "folder",
    ]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such files")
def test_a_pipe_with_the_name_of_a_slide_is_skipped(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.svs")
    assert look(tmp_path).skipped == {"not a regular file": 1}


def test_a_folder_that_cannot_be_read_is_named_and_the_rest_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "closed" / "a.svs", b"x")
    write(tmp_path / "open" / "a.svs", b"x")
    scandir = os.scandir

    def guarded(path: str) -> object:
        if path.endswith("closed"):
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", guarded)
    plan = look(tmp_path)
    assert plan.problems == [Problem("closed", "the folder cannot be read: Permission denied")]
    assert [c.path for c in plan.candidates] == ["open/a.svs"]


@pytest.mark.parametrize(
    ("path", "patterns", "included"),
    [
        ("a.svs", (), True),
        ("a.svs", ("*.svs",), True),
        ("day/A.SVS", ("*.svs",), True),
        ("day/a.svs", ("b*",), False),
        ("day/a.svs", ("b*", "day/*"), True),
        ("day/deep/a.svs", ("day/*",), True),
        ("night/a.svs", ("day/*",), False),
    ],
)
def test_patterns_narrow_what_is_sent(path: str, patterns: tuple[str, ...], included: bool) -> None:
    assert is_included(path, patterns) is included


def test_what_patterns_leave_out_is_counted(tmp_path: Path) -> None:
    write(tmp_path / "a.svs", b"x")
    write(tmp_path / "b.svs", b"x")
    plan = look(tmp_path, include=("a*",))
    assert [c.path for c in plan.candidates] == ["a.svs"]
    assert plan.skipped == {"not asked for by --include": 1}


def test_many_skipped_files_are_all_counted_and_some_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("labsight_lab.sync.look.plan.MOST_NAMES", 2)
    for number in range(5):
        write(tmp_path / f"{number}.txt", b"x")
    plan = look(tmp_path)
    assert plan.skipped.total() == 5
    assert len(plan.skipped_names) == 2
