"""Copies of slides: bounded, private to their process, and never in each other's way."""

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from labsight.errors import DamagedSlide, StorageUnavailable, UnsupportedSlide
from labsight.keys import SlideKey
from labsight.objects import ObjectInfo
from labsight.objects.memory import MemoryStore
from labsight.slides.index import SourceFile
from labsight.slides.staging.copies import Copy, fetch
from labsight.slides.staging.scratch import OPEN_SLIDES, Scratch
from tests.support.deflated import make_deflated
from tests.support.vms import make_vms

RED, GREEN = make_deflated(colour=(200, 30, 30)), make_deflated(colour=(30, 200, 30))
ROOM = max(len(RED), len(GREEN)) + 10  # for one of them


class CountingStore(MemoryStore):
    """Counts downloads, and can hold them up."""

    def __init__(self) -> None:
        super().__init__()
        self.downloads: list[str] = []
        self.gates: dict[str, threading.Event] = {}

    def read(
        self, key: str, start: int = 0, length: int | None = None, *, etag: str | None = None
    ) -> bytes:
        if not start:
            self.downloads.append(key)
        if key in self.gates:
            assert self.gates[key].wait(20)
        return super().read(key, start, length, etag=etag)


@pytest.fixture
def store() -> CountingStore:
    return CountingStore()


def two(store: MemoryStore) -> tuple[ObjectInfo, ObjectInfo]:
    return store.write("slides/lab/red.svs", RED), store.write("slides/lab/green.svs", GREEN)


def files(*infos: ObjectInfo) -> tuple[SourceFile, ...]:
    return tuple(SourceFile(info.key, info.etag, info.size) for info in infos)


def colour(scratch: Scratch, *infos: ObjectInfo) -> object:
    slide = scratch.slide(files(*infos))
    return slide.region(0, (0, 0, 1, 1)).getpixel((0, 0))


def copies(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*.svs") if path.is_file()]


def test_a_slide_is_copied_once(store: CountingStore, tmp_path: Path) -> None:
    scratch = Scratch(store, tmp_path, 1 << 30)
    red, green = two(store)
    for info in (red, green, red, green):
        colour(scratch, info)
    assert store.downloads == [red.key, green.key]


def test_the_copy_not_used_for_longest_makes_room(store: CountingStore, tmp_path: Path) -> None:
    scratch = Scratch(store, tmp_path, ROOM)
    red, green = two(store)
    for info, expected in ((red, (200, 30, 30, 255)), (green, (30, 200, 30, 255))) * 2:
        assert colour(scratch, info) == expected
        assert [path.stat().st_size for path in copies(tmp_path)] == [info.size]
    assert len(store.downloads) == 4


def test_a_slide_in_hand_survives_that_its_copy_made_room(
    store: CountingStore, tmp_path: Path
) -> None:
    scratch = Scratch(store, tmp_path, ROOM)
    red, green = two(store)
    held = scratch.slide(files(red))
    colour(scratch, green)
    assert held.region(0, (0, 0, 1024, 768)).getpixel((1023, 767)) == (200, 30, 30, 255)


def test_no_more_than_so_many_slides_are_open(store: CountingStore, tmp_path: Path) -> None:
    scratch = Scratch(store, tmp_path, 1 << 30)
    for number in range(OPEN_SLIDES + 3):
        colour(scratch, store.write(f"slides/lab/{number}.svs", RED))
    assert len(copies(tmp_path)) == OPEN_SLIDES


def test_a_slide_larger_than_the_space_is_refused(store: CountingStore, tmp_path: Path) -> None:
    red, _ = two(store)
    with pytest.raises(UnsupportedSlide, match="LABSIGHT_SCRATCH_BYTES allows 100"):
        Scratch(store, tmp_path, 100).slide(files(red))


def unit(store: MemoryStore, folder: str = "case 1", stem: str = "scan") -> list[ObjectInfo]:
    return [
        store.write(str(SlideKey("lab", f"{folder}/{name}")), data)
        for name, data in make_vms(stem).items()
    ]


def test_files_of_one_slide_lie_beside_each_other_under_their_own_names(
    store: CountingStore, tmp_path: Path
) -> None:
    stem = "Pr\u00fcfung #7?"  # written otherwise in keys, and as it is in the slide's own file
    scratch = Scratch(store, tmp_path, 1 << 30)
    assert colour(scratch, *unit(store, stem=stem)) == (200, 30, 30, 255)
    names = {path.name for path in tmp_path.rglob("*.*")}
    assert names == {f"{stem}.vms", f"{stem}_0.jpg", f"{stem}_map.jpg"}


def test_folders_below_the_one_that_files_share_are_kept(store: MemoryStore) -> None:
    infos = [
        store.write(str(SlideKey("lab", f"case/{path}")), b"")
        for path in ("a.mrxs", "a/Slidedat.ini", "a/Data0000.dat")
    ]
    places = Copy(files(*infos)).places
    assert list(map(str, places)) == ["a.mrxs", "a/Slidedat.ini", "a/Data0000.dat"]


@pytest.mark.parametrize("name", ["..", "x" * 256])
def test_names_that_no_disk_takes_are_refused(
    store: CountingStore, tmp_path: Path, name: str
) -> None:
    infos = [*unit(store), store.write(str(SlideKey("lab", f"case 1/{name}/x.jpg")), b"x")]
    with pytest.raises(UnsupportedSlide, match="rename it"):
        Scratch(store, tmp_path, 1 << 30).slide(files(*infos))
    assert list(tmp_path.parent.glob("x.jpg")) == []


def test_a_large_file_is_fetched_in_parts(
    store: CountingStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("labsight.slides.staging.copies.PART", 1000)
    red, _ = two(store)
    (tmp_path / "a").mkdir()
    copy = Copy(files(red))
    fetch(store, copy, tmp_path / "a")
    assert copy.path(tmp_path / "a").read_bytes() == RED
    assert store.reads == -(-len(RED) // 1000)


def test_a_file_that_ends_early_is_damage(store: CountingStore, tmp_path: Path) -> None:
    red, _ = two(store)
    longer = SourceFile(red.key, red.etag, red.size + 1)
    with pytest.raises(DamagedSlide, match=f"ended at byte {red.size}"):
        Scratch(store, tmp_path, 1 << 30).slide((longer,))


def test_a_download_that_fails_takes_no_space(store: CountingStore, tmp_path: Path) -> None:
    scratch = Scratch(store, tmp_path, ROOM)
    red, green = two(store)
    store.delete(red.key)
    with pytest.raises(Exception, match="no such object"):
        colour(scratch, red)
    assert scratch._entries == {}
    assert colour(scratch, green) == (30, 200, 30, 255)


def test_a_folder_that_cannot_be_made_is_a_fault_of_the_storage(
    store: CountingStore, tmp_path: Path
) -> None:
    red, _ = two(store)
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(StorageUnavailable, match="scratch"):
        Scratch(store, tmp_path / "taken", 1 << 30).slide(files(red))


def test_two_on_one_folder_do_not_touch_each_other(store: CountingStore, tmp_path: Path) -> None:
    one, other = Scratch(store, tmp_path, ROOM), Scratch(store, tmp_path, ROOM)
    red, green = two(store)
    held = other.slide(files(red))
    colour(one, red)
    colour(one, green)
    assert held.region(0, (0, 0, 1, 1)).getpixel((0, 0)) == (200, 30, 30, 255)
    assert store.downloads.count(red.key) == 2


def test_a_scratch_that_is_no_longer_used_leaves_nothing(
    store: CountingStore, tmp_path: Path
) -> None:
    scratch = Scratch(store, tmp_path, ROOM)
    colour(scratch, two(store)[0])
    assert copies(tmp_path)
    del scratch
    assert copies(tmp_path) == []


def test_a_closed_scratch_leaves_nothing_and_may_be_used_again(
    store: CountingStore, tmp_path: Path
) -> None:
    scratch = Scratch(store, tmp_path, ROOM)
    red, green = two(store)
    colour(scratch, red)
    scratch.close()
    scratch.close()
    assert copies(tmp_path) == []
    assert colour(scratch, green) == colour(Scratch(store, tmp_path, ROOM), green)


CRASH = """
import os, sys
from pathlib import Path
from labsight.objects.memory import MemoryStore
from labsight.slides.index import SourceFile
from labsight.slides.staging.scratch import Scratch
store = MemoryStore()
info = store.write("slides/lab/left.svs", Path(sys.argv[1]).read_bytes())
scratch = Scratch(store, Path(sys.argv[2]), 1 << 30)
scratch.slide((SourceFile(info.key, info.etag, info.size),))
os._exit(0)
"""


def test_what_a_dead_process_left_is_removed(store: CountingStore, tmp_path: Path) -> None:
    (tmp_path / "red").write_bytes(RED)
    folder = tmp_path / "scratch"
    command = [sys.executable, "-c", CRASH, str(tmp_path / "red"), str(folder)]
    subprocess.run(command, check=True)
    assert len(copies(folder)) == 1
    scratch = Scratch(store, folder, ROOM)
    info = two(store)[1]
    colour(scratch, info)
    assert [path.stat().st_size for path in copies(folder)] == [info.size]


def test_other_files_of_the_folder_are_left_alone(store: CountingStore, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "kept.svs").write_text("kept")
    colour(Scratch(store, tmp_path, ROOM), two(store)[0])
    assert (tmp_path / "mine" / "kept.svs").read_text() == "kept"


def test_an_open_slide_does_not_wait_for_the_download_of_another(
    store: CountingStore, tmp_path: Path
) -> None:
    scratch = Scratch(store, tmp_path, 1 << 30)
    red, green = two(store)
    colour(scratch, red)
    gate = store.gates[green.key] = threading.Event()
    found: list[object] = []
    waiting = [
        threading.Thread(target=lambda: found.append(colour(scratch, green))) for _ in range(3)
    ]
    try:
        for thread in waiting:
            thread.start()
        assert colour(scratch, red) == (200, 30, 30, 255)
        assert found == []
    finally:
        gate.set()
        for thread in waiting:
            thread.join(20)
    assert found == [(30, 200, 30, 255)] * 3
    assert store.downloads.count(green.key) == 1


def test_space_that_others_are_filling_is_not_given_twice(
    store: CountingStore, tmp_path: Path
) -> None:
    scratch = Scratch(store, tmp_path, ROOM)
    red, green = two(store)
    gate = store.gates[green.key] = threading.Event()
    thread = threading.Thread(target=lambda: colour(scratch, green))
    thread.start()
    try:
        deadline = time.monotonic() + 20
        while not store.downloads and time.monotonic() < deadline:
            time.sleep(0.01)
        with pytest.raises(StorageUnavailable, match="try again"):
            colour(scratch, red)
    finally:
        gate.set()
        thread.join(20)
    assert colour(scratch, red) == (200, 30, 30, 255)


def test_many_readers_share_a_space_for_one(store: CountingStore, tmp_path: Path) -> None:
    scratch = Scratch(store, tmp_path, ROOM)
    slides = two(store)
    wrong: list[object] = []

    def read(first: int) -> None:
        for turn in range(12):
            info = slides[(first + turn) % 2]
            expected = (200, 30, 30, 255) if info is slides[0] else (30, 200, 30, 255)
            try:
                found = colour(scratch, info)
            except StorageUnavailable:
                continue  # both are in use: the caller tries again
            if found != expected:
                wrong.append(found)

    threads = [threading.Thread(target=read, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert wrong == []
    assert len(copies(tmp_path)) <= 1
