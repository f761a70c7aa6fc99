"""What a look at the folder finds: slides to send, slides known, all else by name."""

import sys
from pathlib import Path

import pytest

from labsight_lab.sync.journal.entries import Known, State, members_digest
from labsight_lab.sync.look.groups import Grouper
from labsight_lab.sync.look.plan import Plan, Wanted, make_plan
from labsight_lab.sync.look.scan import Problem, Seen, scan
from tests.lab.support import LONG_AGO, write
from tests.support.ome_sets import make_set

NO_SLIDE = "not a slide by its suffix"


def look(
    folder: Path,
    known: dict[str, Known] | None = None,
    *,
    include: tuple[str, ...] = (),
    exclude: tuple[str, ...] = (),
) -> Plan:
    wanted = Wanted(source="scanner-1", include=include, exclude=exclude)
    return make_plan(scan(folder), wanted, known or {}, Grouper(folder).grouped)


def entry(
    state: State = State.UPLOADED, *, size: int = 1, unit: str = "", members: str = ""
) -> Known:
    return Known(size, LONG_AGO * 10**9, state.value, 1, unit, members, removed=False)


def places(plan: Plan) -> list[str]:
    return [pending.group.place for pending in plan.pending]


@pytest.mark.parametrize(
    "name",
    ["a.svs", "A.SVS", "a.ome.tif", "a.OME.TIFF", "a.ndpi", "a.scn", "a.bif", "a.svslide", "a.czi",
     "a.dcm", "ä ö/ü.svs"],
)  # fmt: skip
def test_a_slide_is_known_by_its_suffix(tmp_path: Path, name: str) -> None:
    write(tmp_path / name, b"x")
    plan = look(tmp_path)
    assert places(plan) == [name]
    assert not plan.skipped.by_reason


@pytest.mark.parametrize("name", ["README", "README.txt", "svs", "a.svs.part", "a.svs.filepart"])
def test_what_is_no_slide_is_skipped_by_name(tmp_path: Path, name: str) -> None:
    write(tmp_path / name, b"x")
    plan = look(tmp_path)
    assert not plan.pending
    assert plan.skipped.names == [Problem(name, NO_SLIDE)]


@pytest.mark.parametrize(
    ("state", "size", "found"),
    [
        (State.UPLOADED, 1, "unchanged"),
        (State.VERIFIED, 1, "unchanged"),
        (State.EXISTS, 1, "unchanged"),
        (State.CONFLICT, 1, "conflict"),
        (State.UPLOADED, 2, "pending"),
        (State.CONFLICT, 2, "pending"),
        (State.SEEN, 1, "pending"),
        (State.UPLOADING, 1, "pending"),
        (State.FAILED, 1, "pending"),
    ],
)
def test_the_journal_decides_about_a_known_file(
    tmp_path: Path, state: State, size: int, found: str
) -> None:
    write(tmp_path / "a.svs", b"x")
    plan = look(tmp_path, {"a.svs": entry(state, size=size)})
    assert places(plan) == (["a.svs"] if found == "pending" else [])
    assert plan.unchanged == (found == "unchanged")
    assert plan.conflicts == (["a.svs"] if found == "conflict" else [])


def test_the_oldest_scan_is_sent_first(tmp_path: Path) -> None:
    write(tmp_path / "a.svs", b"x", LONG_AGO + 2)
    write(tmp_path / "b.svs", b"x", LONG_AGO + 1)
    assert places(look(tmp_path)) == ["b.svs", "a.svs"]


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS holds the two spellings for one name")
@pytest.mark.parametrize("known", [(), ("Müller.svs",), ("Mu\u0308ller.svs",)])
def test_names_that_are_one_to_the_archive_are_all_named_and_the_rest_goes_on(
    tmp_path: Path, known: tuple[str, ...]
) -> None:
    same = ["Mu\u0308ller.svs", "Müller.svs"]
    for name in (*same, "a.svs"):
        write(tmp_path / name, b"x")
    plan = look(tmp_path, {name: entry() for name in known})
    assert places(plan) == ["a.svs"]
    assert sorted(problem.path for problem in plan.problems) == same
    for problem in plan.problems:
        assert "'M\\xfcller.svs'" in problem.reason
        assert "'Mu\\u0308ller.svs'" in problem.reason
        assert "rename all but one" in problem.reason


@pytest.mark.skipif(sys.platform != "linux", reason="Windows and macOS hold them for one name")
def test_names_that_differ_in_capitals_alone_are_named(tmp_path: Path) -> None:
    write(tmp_path / "a.svs", b"x")
    write(tmp_path / "A.svs", b"x")
    plan = look(tmp_path)
    assert places(plan) == []
    assert sorted(problem.path for problem in plan.problems) == ["A.svs", "a.svs"]


def test_a_name_too_long_for_a_key_is_a_problem_of_that_file_alone(tmp_path: Path) -> None:
    write(tmp_path / ("/".join(["x" * 200] * 6) + ".svs"), b"x")
    write(tmp_path / "a.svs", b"x")
    plan = look(tmp_path)
    (problem,) = plan.problems
    assert "S3 takes 1024; shorten the file or folder names" in problem.reason
    assert places(plan) == ["a.svs"]


def test_a_name_too_long_for_its_next_revision_is_a_problem_too(tmp_path: Path) -> None:
    longest = "/".join(["x" * 199] * 5) + "/"
    longest += "y" * (1024 - len("slides/scanner-1/") - len(longest) - 4) + ".svs"
    write(tmp_path / longest, b"x")
    assert places(look(tmp_path)) == [longest]
    plan = look(tmp_path, {longest: entry(size=2)})
    assert (places(plan), [problem.path for problem in plan.problems]) == ([], [longest])


@pytest.mark.parametrize("mtime_ns", [1 << 63, -11_644_473_600 * 10**9])
def test_a_time_that_no_journal_can_keep_is_a_problem_of_that_file_alone(
    tmp_path: Path, mtime_ns: int
) -> None:
    write(tmp_path / "a.svs", b"x")
    found = scan(tmp_path)
    found.files.append(Seen("b.svs", 1, mtime_ns))
    plan = make_plan(found, Wanted(source="scanner-1"), {}, Grouper(tmp_path).grouped)
    assert (places(plan), [problem.path for problem in plan.problems]) == (["a.svs"], ["b.svs"])


def test_patterns_narrow_what_is_sent_and_what_they_leave_out_is_counted(tmp_path: Path) -> None:
    for name in ("a.svs", "b.svs", "old/a.svs"):
        write(tmp_path / name, b"x")
    plan = look(tmp_path, include=("a*",), exclude=("old/",))
    assert places(plan) == ["a.svs"]
    assert plan.skipped.by_reason == {
        "not asked for by --include": 1,
        "left out by --exclude": 1,
    }


def mrxs(folder: Path, *data: str) -> list[str]:
    """Write the files of a unit; what is in them does not matter to a plan."""
    names = ["s1.mrxs", *(f"s1/{name}" for name in ("Slidedat.ini", *data))]
    for name in names:
        write(folder / name, b"x")
    return names


def closed(*names: str) -> dict[str, Known]:
    """Return the journal after a unit was sent."""
    digest = members_digest(dict.fromkeys(names, 1))
    return {name: entry(unit="s1/") for name in names} | {"s1/": entry(size=99, members=digest)}


def test_a_unit_is_sent_as_one(tmp_path: Path) -> None:
    names = mrxs(tmp_path, "Data0001.dat")
    (pending,) = look(tmp_path).pending
    assert (pending.group.place, pending.group.kind) == ("s1/", "mrxs")
    assert sorted(seen.path for seen in pending.unsettled) == sorted(names)
    assert pending.size == 3


def test_a_unit_that_the_archive_has_is_unchanged(tmp_path: Path) -> None:
    names = mrxs(tmp_path, "Data0001.dat")
    plan = look(tmp_path, closed(*names))
    assert (places(plan), plan.unchanged) == ([], 3)
    write(tmp_path / "b.svs", b"x")  # then all are grouped
    plan = look(tmp_path, closed(*names))
    assert (places(plan), plan.unchanged) == (["b.svs"], 3)


@pytest.mark.parametrize("unread", ["s1", "s1/below"])
def test_a_unit_of_which_a_folder_cannot_be_read_waits_for_it(tmp_path: Path, unread: str) -> None:
    mrxs(tmp_path, "Data0001.dat")
    write(tmp_path / "b.svs", b"x")
    found = scan(tmp_path)
    found.problems.append(Problem(unread, "the folder cannot be read: Input/output error"))
    plan = make_plan(found, Wanted(source="scanner-1"), {}, Grouper(tmp_path).grouped)
    assert places(plan) == ["b.svs"]
    assert Problem("s1/", f"{unread} cannot be read, and may belong to it") in plan.problems


def test_a_late_member_reopens_its_unit(tmp_path: Path) -> None:
    names = mrxs(tmp_path, "Data0001.dat")
    write(tmp_path / "s1" / "Data0002.dat", b"x")
    (pending,) = look(tmp_path, closed(*names)).pending
    assert [seen.path for seen in pending.unsettled] == ["s1/Data0002.dat"]
    assert len(pending.group.members) == 4


@pytest.mark.parametrize("state", [None, State.UPLOADING, State.FAILED])
def test_a_unit_whose_list_was_not_sent_is_pending_though_all_members_are_there(
    tmp_path: Path, state: State | None
) -> None:
    names = mrxs(tmp_path, "Data0001.dat")
    known = closed(*names)
    if state is None:
        del known["s1/"]
    else:
        known["s1/"] = known["s1/"]._replace(state=state.value)
    (pending,) = look(tmp_path, known).pending
    assert (pending.group.place, pending.unsettled) == ("s1/", ())


def test_a_unit_is_pending_when_its_list_names_an_older_revision(tmp_path: Path) -> None:
    names = mrxs(tmp_path, "Data0001.dat")
    known = closed(*names)
    known["s1/Data0001.dat"] = known["s1/Data0001.dat"]._replace(revision=2)
    (pending,) = look(tmp_path, known).pending
    assert (pending.group.place, pending.unsettled) == ("s1/", ())


def test_a_member_in_conflict_is_named_when_nothing_else_is_new(tmp_path: Path) -> None:
    known = closed(*mrxs(tmp_path, "Data0001.dat"))
    known["s1/Slidedat.ini"] = entry(State.CONFLICT, unit="s1/")
    plan = look(tmp_path, known)
    assert (places(plan), plan.conflicts, plan.unchanged) == ([], ["s1/Slidedat.ini"], 2)


def test_members_that_were_removed_here_change_nothing(tmp_path: Path) -> None:
    names = mrxs(tmp_path, "Data0001.dat")
    (tmp_path / "s1" / "Data0001.dat").unlink()
    write(tmp_path / "b.svs", b"x")
    assert places(look(tmp_path, closed(*names))) == ["b.svs"]


def test_a_unit_that_was_cleaned_and_partly_removed_by_hand_is_settled(tmp_path: Path) -> None:
    names = mrxs(tmp_path, "cleaned.dat", "by hand.dat", "late.dat")
    known = closed(*(name for name in names if name != "s1/by hand.dat"))
    known["s1/by hand.dat"] = entry(unit="s1/")  # was named until the late one reopened the unit
    known["s1/cleaned.dat"] = known["s1/cleaned.dat"]._replace(removed=True)
    for name in ("cleaned.dat", "by hand.dat"):
        (tmp_path / "s1" / name).unlink()
    assert (places(look(tmp_path, known)), look(tmp_path, known).unchanged) == ([], 3)
    known["s1/cleaned.dat"] = known["s1/cleaned.dat"]._replace(removed=False)
    assert places(look(tmp_path, known)) == ["s1/"]  # what the unit.json names is not known


def test_what_was_cleaned_and_is_to_be_sent_again_is_not_taken_for_named(tmp_path: Path) -> None:
    names = mrxs(tmp_path, "cleaned.dat", "by hand.dat")
    known = closed(*(name for name in names if name != "s1/by hand.dat"))
    known["s1/by hand.dat"] = entry(unit="s1/")
    known["s1/cleaned.dat"] = entry(State.SEEN, unit="s1/")._replace(removed=True)
    for name in ("cleaned.dat", "by hand.dat"):
        (tmp_path / "s1" / name).unlink()
    assert places(look(tmp_path, known)) == ["s1/"]


def test_a_member_in_conflict_is_named_and_keeps_its_unit_open(tmp_path: Path) -> None:
    names = mrxs(tmp_path, "Data0001.dat")
    known = closed(*names)
    known["s1/Slidedat.ini"] = entry(State.CONFLICT, unit="s1/")
    write(tmp_path / "b.svs", b"x")
    plan = look(tmp_path, known)
    assert (places(plan), plan.conflicts) == (["b.svs"], ["s1/Slidedat.ini"])


def test_a_lone_file_that_others_turn_out_to_name_joins_their_unit(tmp_path: Path) -> None:
    files = make_set(["a.ome.tif", "b.ome.tif"])
    for name, data in files.items():
        write(tmp_path / name, data)
    known = {"a.ome.tif": entry(size=len(files["a.ome.tif"]))}
    plan = look(tmp_path, known)
    (pending,) = plan.pending
    assert pending.group.kind == "ome-tiff"
    assert [seen.path for seen in pending.group.members] == ["a.ome.tif", "b.ome.tif"]
    assert [seen.path for seen in pending.unsettled] == ["b.ome.tif"]
    assert plan.unchanged == 0


def test_lone_files_beside_something_new_are_counted_once(tmp_path: Path) -> None:
    for name in ("a.svs", "b.svs", "other/c.svs"):
        write(tmp_path / name, b"x")
    plan = look(tmp_path, {"a.svs": entry(), "other/c.svs": entry()})
    assert (places(plan), plan.unchanged) == (["b.svs"], 2)
