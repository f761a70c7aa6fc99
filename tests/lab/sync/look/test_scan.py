"""A walk finds every regular file, names what it cannot read, and follows no link."""

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from labsight.errors import SettingsError
from labsight_lab.sync.look import scan as module
from labsight_lab.sync.look.scan import (
    HIDDEN,
    IRREGULAR,
    LEFT_OUT,
    LINK,
    Problem,
    Seen,
    is_gone,
    is_there,
    scan,
)
from tests.lab.support import LONG_AGO, write


def test_files_are_found_in_all_folders_with_size_and_time(tmp_path: Path) -> None:
    write(tmp_path / "a.svs", b"abc")
    write(tmp_path / "ä ö" / "deep" / "b.txt", b"x", LONG_AGO + 1)
    assert sorted(scan(tmp_path).files) == [
        Seen("a.svs", 3, LONG_AGO * 10**9),
        Seen("ä ö/deep/b.txt", 1, (LONG_AGO + 1) * 10**9),
    ]


@pytest.mark.parametrize("name", [".svs", ".a.svs.Xy12", "~$a.svs", "Thumbs.db"])
def test_hidden_names_are_counted(tmp_path: Path, name: str) -> None:
    write(tmp_path / name, b"x")
    found = scan(tmp_path)
    assert found.files == []
    assert found.skipped.names == [Problem(name, HIDDEN)]


def test_hidden_folders_are_not_walked(tmp_path: Path) -> None:
    write(tmp_path / ".trash" / "a.svs", b"x")
    assert scan(tmp_path).skipped.by_reason == {HIDDEN: 1}


def test_links_are_not_followed(tmp_path: Path) -> None:
    outside, inside = tmp_path / "outside", tmp_path / "inside"
    write(outside / "a.svs", b"x")
    inside.mkdir()
    (inside / "file.svs").symlink_to(outside / "a.svs")
    (inside / "folder").symlink_to(outside, target_is_directory=True)
    (inside / "broken.svs").symlink_to(outside / "nothing.svs")
    found = scan(inside)
    assert found.files == []
    assert sorted(found.skipped.names) == [
        Problem(name, LINK) for name in ("broken.svs", "file.svs", "folder")
    ]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such files")
def test_a_pipe_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.svs")
    assert scan(tmp_path).skipped.by_reason == {IRREGULAR: 1}


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux takes names that are no text")
def test_names_that_are_no_text_are_found_as_they_are(tmp_path: Path) -> None:
    os.close(os.open(os.fsencode(tmp_path) + b"/\xff.svs", os.O_CREAT | os.O_WRONLY))
    assert [os.fsencode(seen.path) for seen in scan(tmp_path).files] == [b"\xff.svs"]


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
    found = scan(tmp_path)
    assert found.problems == [Problem("closed", "the folder cannot be read: Permission denied")]
    assert [seen.path for seen in found.files] == ["open/a.svs"]


def test_of_a_folder_whose_listing_breaks_off_nothing_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("half/1.dcm", "half/2.dcm", "half/below/3.dcm", "whole/4.dcm"):
        write(tmp_path / name, b"x")
    scandir = os.scandir

    @contextmanager
    def breaking(path: str) -> Iterator[Iterator[os.DirEntry[str]]]:
        with scandir(path) as listing:
            yield broken(listing) if path.endswith("half") else listing

    def broken(listing: Iterator[os.DirEntry[str]]) -> Iterator[os.DirEntry[str]]:
        yield next(listing)
        yield next(listing)
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "scandir", breaking)
    found = scan(tmp_path)
    assert [seen.path for seen in found.files] == ["whole/4.dcm"]
    assert found.problems == [Problem("half", "the folder cannot be read: Input/output error")]


def test_a_folder_that_is_away_is_named(tmp_path: Path) -> None:
    share = tmp_path / "share"
    (problem,) = scan(share).problems
    assert problem == Problem(str(share), "the folder cannot be read: No such file or directory")
    assert not is_there(share, problem.path)
    share.mkdir()
    assert is_there(share, problem.path)


def test_many_skipped_files_are_all_counted_and_some_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_NAMES", 2)
    for number in range(5):
        write(tmp_path / f".{number}", b"x")
    found = scan(tmp_path)
    assert found.skipped.by_reason.total() == 5
    assert len(found.skipped.names) == 2


def test_folders_that_are_left_out_are_not_walked(tmp_path: Path) -> None:
    write(tmp_path / "a" / "old" / "b.svs", b"x")
    write(tmp_path / "a" / "new.svs", b"x")
    found = scan(tmp_path, ("old/",))
    assert [seen.path for seen in found.files] == ["a/new.svs"]
    assert found.skipped.names == [Problem("a/old/", LEFT_OUT)]


@pytest.mark.parametrize("path", ["a.svs", "below/a.svs", "below/s1/"])
def test_a_file_is_gone_when_its_folder_is_there_and_lacks_it(tmp_path: Path, path: str) -> None:
    there = write(tmp_path / path.rstrip("/"), b"x")
    assert not is_gone(tmp_path, path)
    there.unlink()
    assert is_gone(tmp_path, path)


@pytest.mark.parametrize("number", [errno.EIO, errno.ENOENT, errno.EACCES, errno.EINVAL])
def test_no_file_is_gone_when_its_folder_cannot_be_read(
    tmp_path: Path, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(path: str) -> object:
        raise OSError(number, os.strerror(number), path)

    monkeypatch.setattr(os, "scandir", failing)
    assert not is_gone(tmp_path, "below/a.svs")


def test_what_is_there_is_told_apart_from_what_is_not(tmp_path: Path) -> None:
    write(tmp_path / "a" / "b.svs", b"x")
    (tmp_path / "a" / "link.svs").symlink_to(tmp_path / "nothing")
    there = ["a", "a/b.svs", "a/link.svs", "", "a/c.svs", "b/b.svs"]
    assert [is_there(tmp_path, path) for path in there] == [True] * 4 + [False] * 2


def test_too_many_open_files_are_told_as_no_fault_of_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: object) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(os, "scandir", full)
    with pytest.raises(SettingsError, match="as many files open"):
        scan(tmp_path)
