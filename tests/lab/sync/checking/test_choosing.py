from dataclasses import replace
from pathlib import Path

import pytest

from labsight.errors import InvalidInput
from labsight_lab.sync.checking import choosing
from labsight_lab.sync.journal.entries import Entry, State
from labsight_lab.sync.source import Fingerprint
from tests.lab.support import write
from tests.lab.sync.checking.lab import Lab

MRXS = ["a/s1.mrxs", "a/s1/", "a/s1/Data0000.dat", "a/s1/Slidedat.ini"]
ALL = [*MRXS, "a/x.svs", "b/y.svs", "été.svs"]


@pytest.fixture(autouse=True)
def _sent(lab: Lab) -> None:
    lab.sent_unit("a/s1/", "mrxs", [(p, p.encode()) for p in MRXS if not p.endswith("/")])
    for path in ALL:
        if path not in MRXS:
            lab.sent(path, path.encode())
    lab.sent("begun.svs", b"begun", State.UPLOADING)


def chosen(lab: Lab, *asked: str | Path) -> list[str]:
    return sorted(choosing.below(lab.journal, lab.folder, list(map(Path, asked))).paths)


def test_everything_is_all_that_is_settled(lab: Lab) -> None:
    lab.noted(replace(lab.entry("b/y.svs"), state=State.CONFLICT))
    choice = choosing.everything(lab.journal)
    sizes = [len(path.encode()) for path in ALL if path != "a/s1/"]
    assert list(choice.paths) == ALL
    assert choice.entries == len(ALL)
    assert choice.size == sum(sizes) + lab.entry("a/s1/").fingerprint.size


def test_an_empty_journal_has_nothing(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    empty = Lab(tmp_path / "empty")
    choice = choosing.everything(empty.journal)
    assert (list(choice.paths), choice.entries, choice.size) == ([], 0, 0)
    empty.journal.close()


def test_many_entries_come_page_by_page(lab: Lab) -> None:
    blank = Entry(path="", key="", fingerprint=Fingerprint(2, 1), state=State.UPLOADED)
    paths = [f"many/{number:05}.svs" for number in range(2500)]
    lab.journal.write(replace(blank, path=path) for path in paths)
    choice = choosing.below(lab.journal, lab.folder, [Path("many")])
    assert list(choice.paths) == paths
    assert (choice.entries, choice.size) == (2500, 5000)


def test_a_file_is_chosen_by_its_path_below_the_folder(lab: Lab) -> None:
    assert chosen(lab, "a/x.svs") == ["a/x.svs"]
    assert chosen(lab, lab.folder / "a/x.svs", "b/y.svs") == ["a/x.svs", "b/y.svs"]


def test_a_path_is_first_one_of_the_current_folder(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab.sent("a/b/y.svs", b"inner")
    monkeypatch.chdir(lab.folder / "a")
    assert chosen(lab, "b/y.svs") == ["a/b/y.svs"]
    assert chosen(lab, "../b") == ["b/y.svs"]
    assert chosen(lab, "été.svs") == ["été.svs"]


def test_a_folder_is_all_that_lies_below_it(lab: Lab) -> None:
    assert chosen(lab, "a") == [path for path in ALL if path.startswith("a/")]
    assert chosen(lab, lab.folder) == ALL
    assert chosen(lab, "b/") == ["b/y.svs"]


@pytest.mark.parametrize("path", [*MRXS, "a/s1"])
def test_a_part_of_a_unit_means_the_unit(lab: Lab, path: str) -> None:
    assert chosen(lab, path) == MRXS


def test_what_is_gone_here_can_be_chosen(lab: Lab) -> None:
    (lab.folder / "b/y.svs").unlink()
    (lab.folder / "b").rmdir()
    assert chosen(lab, "b/y.svs") == ["b/y.svs"]


def test_a_name_may_be_spelled_as_windows_and_macos_take_it(lab: Lab) -> None:
    assert chosen(lab, "A/X.SVS") == ["a/x.svs"]
    assert chosen(lab, "e\u0301te\u0301.svs") == ["été.svs"]
    lab.sent("B/Y.svs", b"another on this system")
    assert chosen(lab, "B/Y.svs") == ["B/Y.svs"]


def test_what_was_never_sent_is_told(lab: Lab) -> None:
    write(lab.folder / "new/n.svs", b"new")
    choice = choosing.below(lab.journal, lab.folder, [Path("new/n.svs"), Path("new"), Path("b")])
    assert (list(choice.paths), choice.unknown) == (["b/y.svs"], ("new/n.svs", "new"))
    choice = choosing.below(lab.journal, lab.folder, [Path("begun.svs")])
    assert choice.unknown == ("begun.svs",)


def test_what_is_nowhere_is_refused(lab: Lab, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="no such file or folder"):
        chosen(lab, "nowhere.svs")
    with pytest.raises(InvalidInput, match="is not in"):
        chosen(lab, tmp_path / "elsewhere.svs")
    with pytest.raises(InvalidInput, match="is not in"):
        chosen(lab, "../elsewhere.svs")


def test_a_link_out_of_the_folder_leads_to_nothing_that_was_sent(lab: Lab, tmp_path: Path) -> None:
    (lab.folder / "link").symlink_to(tmp_path)
    with pytest.raises(InvalidInput, match="is not in"):
        chosen(lab, "link")
