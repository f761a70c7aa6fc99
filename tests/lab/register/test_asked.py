from dataclasses import replace
from pathlib import Path

import pytest
from awscrt.checksums import crc64nvme

from labsight.errors import InvalidInput
from labsight_lab.register.asked import Lab, asked
from labsight_lab.sync.journal.entries import Entry, State
from labsight_lab.sync.journal.journal import Journal
from labsight_lab.sync.source import Fingerprint
from labsight_lab.sync.target import Target
from tests.lab.support import write

BLANK = Entry(
    path="a.svs",
    key="slides/scanner-1/a.svs",
    fingerprint=Fingerprint(4, 5),
    state=State.UPLOADED,
    revision=1,
    crc64=crc64nvme(b"data"),
)


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    folder = tmp_path / "slides"
    write(folder / "a.svs", b"data")
    write(folder / "2026/case 7#.svs", b"data")
    return Lab(
        bucket="archive", folder=folder, source="scanner-1", journal=tmp_path / "journal.sqlite"
    )


def keys(lab: Lab, *things: str) -> list[str]:
    return [one.key for one in asked(things, lab)]


def noted(lab: Lab, *entries: Entry) -> None:
    assert lab.folder is not None
    assert lab.source is not None
    target = Target(folder=lab.folder, bucket=lab.bucket, source=lab.source)
    assert lab.journal is not None
    journal = Journal(lab.journal, target.identity)
    journal.write(entries)
    journal.close()


def test_a_key_is_a_key() -> None:
    nothing = Lab(bucket="archive")
    assert keys(nothing, "slides/s/a.svs", "slides/s/") == ["slides/s/a.svs", "slides/s/"]


def test_a_file_that_looks_like_a_key_is_a_file(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    assert lab.folder is not None
    monkeypatch.chdir(lab.folder.parent)
    assert keys(lab, "slides/a.svs") == ["slides/scanner-1/a.svs"]


@pytest.mark.parametrize("lacking", ["folder", "source"])
def test_local_files_need_to_know_where_they_are(lab: Lab, lacking: str) -> None:
    with pytest.raises(InvalidInput, match=r"--folder and --source.*folder\.path"):
        keys(replace(lab, **{lacking: None}), "a.svs")  # type: ignore[arg-type]


def test_files_and_folders_stand_for_keys(lab: Lab) -> None:
    assert lab.folder is not None
    assert keys(lab, "2026/case 7#.svs", str(lab.folder / "2026"), str(lab.folder)) == [
        "slides/scanner-1/2026/case 7%23.svs",
        "slides/scanner-1/2026/",
        "slides/scanner-1/",
    ]


def test_a_path_is_first_one_of_the_current_folder(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert lab.folder is not None
    write(lab.folder / "2026/a.svs", b"data")
    monkeypatch.chdir(lab.folder / "2026")
    assert keys(lab, "a.svs") == ["slides/scanner-1/2026/a.svs"]
    (lab.folder / "2026/a.svs").unlink()
    assert keys(lab, "a.svs") == ["slides/scanner-1/a.svs"]


def test_a_file_that_is_not_here_any_more_has_its_key(lab: Lab) -> None:
    assert keys(lab, "gone.svs") == ["slides/scanner-1/gone.svs"]


def test_what_is_outside_is_refused(lab: Lab, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="is not in"):
        keys(lab, str(tmp_path / "b.svs"))


def test_the_journal_knows_the_last_revision(lab: Lab) -> None:
    noted(lab, replace(BLANK, revision=3), replace(BLANK, path="new.svs", revision=0))
    assert keys(lab, "a.svs", "new.svs", "unknown.svs") == [
        "slides/scanner-1/a~r3.svs",
        "slides/scanner-1/new.svs",
        "slides/scanner-1/unknown.svs",
    ]


def test_the_journal_knows_the_unit_of_a_part(lab: Lab) -> None:
    noted(
        lab,
        replace(BLANK, path="a/x.vms", unit="a/x/"),
        replace(BLANK, path="a/x/", revision=2),
        replace(BLANK, path="b/1.dcm", unit="b/series-1/"),
    )
    assert keys(lab, "a/x.vms", "b/1.dcm") == [
        "slides/scanner-1/a/x~r2/unit.json",
        "slides/scanner-1/b/series-1/unit.json",
    ]


def test_no_journal_is_made(lab: Lab) -> None:
    keys(lab, "a.svs")
    assert lab.journal is not None
    assert not lab.journal.exists()
