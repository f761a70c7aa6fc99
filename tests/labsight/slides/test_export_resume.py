"""Exports that are interrupted anywhere go on where they stopped, to the same bytes."""

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from labsight.errors import Conflict, NotPermitted, ObjectChanged, StorageUnavailable
from tests.support.exports import Told, contents, killed_export, run_export
from tests.support.made_slides import make_svs

NAMES = {
    "tiles": "out",
    "zip": "out.zip",
    "dzi": "out_files",
    "szi": "out.szi",
    "ome-tiff": "out.ome.tif",
}


@pytest.fixture
def slide(tmp_path: Path) -> Path:
    return make_svs(tmp_path / "case 7.svs", size=(1500, 1100), levels=(1, 4))


def left_over(folder: Path) -> list[str]:
    return sorted(one.name for one in folder.iterdir() if ".part" in one.name)


def expected(slide: Path, target: str, folder: Path) -> dict[str, bytes]:
    folder.mkdir()
    run_export(slide, target, folder / "out")
    return contents(folder)


@pytest.mark.parametrize("at", [1, 6, 30])
@pytest.mark.parametrize("target", NAMES)
def test_an_export_that_was_killed_while_it_wrote_goes_on(
    slide: Path, tmp_path: Path, target: str, at: int
) -> None:
    whole = expected(slide, target, tmp_path / "whole")
    place = tmp_path / "killed"
    place.mkdir()
    calls = at if target in {"tiles", "dzi"} else min(at, 6)
    killed_export(slide, target, place / "out", "write", calls, "midst")
    part = f"{NAMES[target]}.part"
    assert left_over(place) == ([f"{part}.journal"] if at == 1 else [part, f"{part}.journal"])
    told = Told()
    run_export(slide, target, place / "out", told)
    assert contents(place) == whole
    assert told.done + told.written == told.tiles
    if at == 30 and target in {"tiles", "dzi"}:
        assert told.done > 0


@pytest.mark.parametrize("target", ["tiles", "zip", "ome-tiff"])
def test_what_is_written_is_not_written_again(slide: Path, tmp_path: Path, target: str) -> None:
    place = tmp_path / "out"
    killed_export(slide, target, place, "write", 45 if target == "tiles" else 6, "behind")
    told = Told()
    done = run_export(slide, target, place, told)
    assert done.earlier == told.done > 0
    assert done.tiles == told.tiles - told.done


@pytest.mark.parametrize("when", ["before", "behind"])
@pytest.mark.parametrize(
    ("target", "call"),
    [
        ("zip", "link"),
        ("ome-tiff", "link"),
        ("tiles", "rename"),
        ("dzi", "rename"),
        ("dzi", "link"),
    ],
)
def test_an_export_that_was_killed_at_its_very_end_is_finished(
    slide: Path, tmp_path: Path, target: str, call: str, when: str
) -> None:
    whole = expected(slide, target, tmp_path / "whole")
    place = tmp_path / "killed"
    place.mkdir()
    killed_export(slide, target, place / "out", call, 1, when)
    run_export(slide, target, place / "out")
    assert contents(place) == whole
    with pytest.raises(Conflict, match="exists, and nothing is overwritten"):
        run_export(slide, target, place / "out")
    assert contents(place) == whole


def test_killed_again_and_again_it_still_comes_to_its_end(slide: Path, tmp_path: Path) -> None:
    whole = expected(slide, "dzi", tmp_path / "whole")
    place = tmp_path / "killed"
    place.mkdir()
    for at in (20, 25, 13):
        killed_export(slide, "dzi", place / "out", "write", at, "midst")
    run_export(slide, "dzi", place / "out")
    assert contents(place) == whole


def test_files_that_are_gone_meanwhile_are_written_again(slide: Path, tmp_path: Path) -> None:
    whole = expected(slide, "tiles", tmp_path / "whole")
    killed_export(slide, "tiles", tmp_path / "killed", "write", 41, "behind")
    part = tmp_path / "killed.part"
    done = sorted((part / "0").iterdir())
    done[0].unlink()
    done[1].write_bytes(b"cut")
    run_export(slide, "tiles", tmp_path / "killed")
    assert {f"out/{n}": d for n, d in contents(tmp_path / "killed").items()} == whole


@pytest.mark.parametrize("target", ["tiles", "zip"])
def test_an_export_of_another_version_is_not_continued(
    slide: Path, tmp_path: Path, target: str
) -> None:
    killed_export(slide, target, tmp_path / "out", "write", 5, "midst")
    os.utime(slide, (1_600_000_000, 1_600_000_000))
    with pytest.raises(Conflict, match="the slide has changed since this export was begun") as told:
        run_export(slide, target, tmp_path / "out")
    assert f"delete {NAMES[target]}.part.journal and {NAMES[target]}.part" in told.value.message


def test_an_export_with_other_options_is_not_continued(slide: Path, tmp_path: Path) -> None:
    killed_export(slide, "dzi", tmp_path / "out", "write", 30, "midst")
    with pytest.raises(Conflict, match=r"begun with other options \(quality was 80\)"):
        run_export(slide, "dzi", tmp_path / "out", quality=90)
    run_export(slide, "dzi", tmp_path / "out")


def test_a_journal_that_is_something_else_is_not_believed(slide: Path, tmp_path: Path) -> None:
    for text in (b"hello\n", b"[]\n", b'{"export": 99}\n'):
        (tmp_path / "out.part.journal").write_bytes(text)
        with pytest.raises(Conflict, match="was not written by this labsight"):
            run_export(slide, "tiles", tmp_path / "out")
    assert not (tmp_path / "out.part").exists()


def test_entries_of_tiles_that_do_not_exist_are_refused(slide: Path, tmp_path: Path) -> None:
    killed_export(slide, "zip", tmp_path / "out", "write", 5, "midst")
    journal = tmp_path / "out.zip.part.journal"
    head, newline, _ = journal.read_bytes().partition(b"\n")
    journal.write_bytes(head + newline + b"\xff" * 24)
    with pytest.raises(Conflict, match="is damaged"):
        run_export(slide, "zip", tmp_path / "out")


def test_a_part_that_was_cut_is_not_continued(slide: Path, tmp_path: Path) -> None:
    killed_export(slide, "zip", tmp_path / "out", "write", 6, "behind")
    os.truncate(tmp_path / "out.zip.part", 100)
    with pytest.raises(Conflict, match="shorter than its journal says"):
        run_export(slide, "zip", tmp_path / "out")


def test_a_part_without_its_journal_is_left_alone(slide: Path, tmp_path: Path) -> None:
    (tmp_path / "out.zip.part").write_text("mine")
    with pytest.raises(Conflict, match="delete it to begin anew"):
        run_export(slide, "zip", tmp_path / "out")
    assert (tmp_path / "out.zip.part").read_text() == "mine"
    (tmp_path / "two.part").mkdir()
    with pytest.raises(Conflict, match="delete it to begin anew"):
        run_export(slide, "tiles", tmp_path / "two")


class Hook(Told):
    """Does something once tiles are written."""

    def __init__(self, then: Callable[[], None]) -> None:
        super().__init__()
        self._then = then

    def moved(self, tiles: int, written: int) -> None:
        super().moved(tiles, written)
        self._then()


def test_two_runs_do_not_write_the_same_export(slide: Path, tmp_path: Path) -> None:
    def again() -> None:
        with pytest.raises(Conflict, match="another run is writing this export"):
            run_export(slide, "zip", tmp_path / "out")

    told = Hook(again)
    run_export(slide, "zip", tmp_path / "out", told)
    assert told.written == told.tiles


def test_a_slide_that_changes_meanwhile_ends_the_export(slide: Path, tmp_path: Path) -> None:
    told = Hook(lambda: os.utime(slide, (1_600_000_000, 1_600_000_000)))
    with pytest.raises(
        ObjectChanged, match=r"case 7 changed while it was exported: delete out.part"
    ):
        run_export(slide, "tiles", tmp_path / "out", told)
    assert not (tmp_path / "out").exists()


def test_an_interruption_leaves_what_was_written(slide: Path, tmp_path: Path) -> None:
    def stop() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_export(slide, "tiles", tmp_path / "out", Hook(stop))
    told = Told()
    run_export(slide, "tiles", tmp_path / "out", told)
    assert told.done > 0
    assert json.loads((tmp_path / "out" / "slide.json").read_bytes())["width"] == 1500


@pytest.mark.parametrize(
    ("target", "call"), [("zip", "write"), ("tiles", "open"), ("ome-tiff", "write")]
)
def test_a_full_disk_is_told_and_the_export_goes_on_later(
    slide: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str, call: str
) -> None:
    whole = expected(slide, target, tmp_path / "whole")
    (tmp_path / "full").mkdir()
    real, calls = getattr(os, call), 0

    def full(*given: Any, **named: Any) -> Any:
        nonlocal calls
        calls += "dir_fd" in named or call == "write"
        if calls > 5:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(*given, **named)

    with monkeypatch.context() as patched:
        patched.setattr(os, call, full)
        with pytest.raises(
            StorageUnavailable, match=r"no room left for .* run the same command again"
        ):
            run_export(slide, target, tmp_path / "full" / "out")
    run_export(slide, target, tmp_path / "full" / "out")
    assert contents(tmp_path / "full") == whole


def test_too_small_a_disk_is_told_at_once(
    slide: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: _Usage())
    with pytest.raises(
        StorageUnavailable, match=r"has 1\.0 kB free, this export needs more than \d+\.\d (kB|MB):"
    ):
        run_export(slide, "zip", tmp_path / "out")


class _Usage:
    free = 1000


def test_a_place_that_may_not_be_written_is_told(
    slide: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.open

    def refused(path: Any, *given: Any, **named: Any) -> int:
        if ".part" in str(path):
            raise PermissionError(errno.EACCES, "Permission denied")
        return real(path, *given, **named)

    with monkeypatch.context() as patched:
        patched.setattr(os, "open", refused)
        with pytest.raises(
            NotPermitted, match=r"cannot be written .* give another place with --to"
        ):
            run_export(slide, "zip", tmp_path / "out")
