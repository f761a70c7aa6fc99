import os
from pathlib import Path

import pytest
from awscrt.checksums import crc64nvme

from labsight_lab.sync.checking.held import (
    Held,
    Identity,
    held,
    is_still_there,
    remove_emptied,
)
from labsight_lab.sync.source import SourceChanged
from tests.lab.support import LONG_AGO, noise, write

DATA = noise(3_000_000)


def nothing() -> None:
    pass


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write(tmp_path / "a/b/c.svs", DATA)


def identity(folder: Path) -> Identity:
    with held(folder, "a/b/c.svs") as one:
        return one.identity()


def test_what_is_held_can_be_read_and_removed(tmp_path: Path, file: Path) -> None:
    with held(tmp_path, "a/b/c.svs") as one:
        assert one.crc64(nothing) == crc64nvme(DATA)
        assert one.identity().fingerprint.size == len(DATA)
        one.remove(one.identity())
    assert not file.exists()
    assert file.parent.is_dir()


def test_another_file_of_the_same_name_size_and_time_stays(tmp_path: Path, file: Path) -> None:
    checked = identity(tmp_path)
    another = write(tmp_path / "new", DATA)
    another.rename(file)
    with held(tmp_path, "a/b/c.svs") as one, pytest.raises(SourceChanged):
        one.remove(checked)
    assert file.exists()


def test_a_file_that_is_put_in_its_place_while_it_is_held_stays(tmp_path: Path, file: Path) -> None:
    with held(tmp_path, "a/b/c.svs") as one:
        checked = one.identity()
        write(tmp_path / "new", DATA).rename(file)
        with pytest.raises(SourceChanged):
            one.remove(checked)
    assert file.exists()


def test_the_open_file_itself_is_looked_at(tmp_path: Path, file: Path) -> None:
    checked = identity(tmp_path)
    os.utime(file)
    removed: list[Identity] = []
    with file.open("rb") as content, pytest.raises(SourceChanged):
        Held(content, removed.append).remove(checked)
    assert removed == []


def test_the_name_is_looked_at_last(
    tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with held(tmp_path, "a/b/c.svs") as one:
        checked = one.identity()
        write(tmp_path / "new", DATA).rename(file)
        monkeypatch.setattr(Held, "identity", lambda _: checked)
        with pytest.raises(SourceChanged):
            one.remove(checked)
    assert file.exists()


def test_a_change_that_sets_the_time_back_is_seen(tmp_path: Path, file: Path) -> None:
    checked = identity(tmp_path)
    write(file, DATA[:-1] + b"!", LONG_AGO)
    assert identity(tmp_path).fingerprint == checked.fingerprint
    with held(tmp_path, "a/b/c.svs") as one, pytest.raises(SourceChanged):
        one.remove(checked)
    assert file.exists()


def test_a_change_while_it_is_read_is_seen(tmp_path: Path, file: Path) -> None:
    with held(tmp_path, "a/b/c.svs") as one, pytest.raises(SourceChanged):
        one.crc64(lambda: os.utime(file))


def test_links_are_not_followed(tmp_path: Path, file: Path) -> None:
    (tmp_path / "link").symlink_to("a")
    (tmp_path / "a/file-link.svs").symlink_to(file)
    for path in ("link/b/c.svs", "a/file-link.svs"):
        with pytest.raises(OSError, match=r".") as refused, held(tmp_path, path):
            pass
        assert refused.type is not FileNotFoundError
    assert file.exists()


def test_a_folder_that_is_replaced_by_a_link_protects_what_the_link_leads_to(
    tmp_path: Path, file: Path
) -> None:
    elsewhere = write(tmp_path / "elsewhere/c.svs", DATA)
    with held(tmp_path, "a/b/c.svs") as one:
        checked = one.identity()
        file.parent.rename(tmp_path / "a/moved")
        file.parent.symlink_to(tmp_path / "elsewhere")
        one.remove(checked)  # the very file that was checked, wherever its folder is now
    assert elsewhere.exists()
    assert not (tmp_path / "a/moved/c.svs").exists()


def test_what_is_no_file_is_refused(tmp_path: Path, file: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in ("a", "pipe"):
        with pytest.raises(OSError, match=r"."), held(tmp_path, path):
            pass
    assert file.exists()


def test_what_is_still_there_is_told_from_another(tmp_path: Path, file: Path) -> None:
    checked = identity(tmp_path)
    assert is_still_there(tmp_path, "a/b/c.svs", checked)
    write(tmp_path / "new", DATA).rename(file)
    assert not is_still_there(tmp_path, "a/b/c.svs", checked)
    file.unlink()
    assert not is_still_there(tmp_path, "a/b/c.svs", checked)
    file.parent.rmdir()
    assert not is_still_there(tmp_path, "a/b/c.svs", checked)


def test_empty_folders_of_a_unit_go_and_no_others(tmp_path: Path) -> None:
    for folder in ("a/s1/deep/er", "a/s1/full", "a/s1/untouched"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "a/s1/full/Thumbs.db").write_bytes(b"x")
    paths = ["a/s1.mrxs", "a/s1/deep/er/1.dat", "a/s1/full/2.dat"]
    remove_emptied(tmp_path, "a/s1/", paths)
    assert not (tmp_path / "a/s1/deep").exists()
    assert (tmp_path / "a/s1/full/Thumbs.db").exists()
    assert (tmp_path / "a/s1/untouched").is_dir()


def test_the_folder_above_a_unit_stays(tmp_path: Path) -> None:
    (tmp_path / "a/s1").mkdir(parents=True)
    remove_emptied(tmp_path, "a/s1/", ["a/s1.mrxs", "a/s1/1.dat"])
    assert not (tmp_path / "a/s1").exists()
    assert (tmp_path / "a").is_dir()
    remove_emptied(tmp_path, "a/series-1a2b3c4d/", ["a/1.dcm"])
    assert (tmp_path / "a").is_dir()
