"""Copies of slides that several processes share: fetched once, bounded together, crash-proof."""

import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from labsight.errors import NotASlide, StorageUnavailable, UnsupportedSlide
from labsight.objects import ObjectInfo
from labsight.objects.folder import FolderStore
from labsight.objects.memory import MemoryStore
from labsight.slides.index import SourceFile
from labsight.slides.staging import locks
from labsight.slides.staging.shared import SharedScratch
from tests.support.deflated import make_deflated
from tests.support.vms import make_vms

RED, GREEN = make_deflated(colour=(200, 30, 30)), make_deflated(colour=(30, 200, 30))
ROOM = max(len(RED), len(GREEN)) + 10  # for one of them
SHOWN = {"red": (200, 30, 30, 255), "green": (30, 200, 30, 255)}


class SlowStore(MemoryStore):
    """Notes what is fetched, and can hold it up."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.gate: threading.Event | None = None

    def read(
        self, key: str, start: int = 0, length: int | None = None, *, etag: str | None = None
    ) -> bytes:
        if not start:
            self.fetched.append(key)
        if self.gate is not None:
            assert self.gate.wait(20)
        return super().read(key, start, length, etag=etag)


@pytest.fixture
def store() -> SlowStore:
    store = SlowStore()
    store.write("slides/lab/red.svs", RED)
    store.write("slides/lab/green.svs", GREEN)
    return store


def files(*infos: ObjectInfo) -> tuple[SourceFile, ...]:
    return tuple(SourceFile(info.key, info.etag, info.size) for info in infos)


def colour(scratch: SharedScratch, store: MemoryStore, name: str) -> object:
    slide = scratch.slide(files(store.head(f"slides/lab/{name}.svs")))
    return slide.region(0, (0, 0, 1, 1)).getpixel((0, 0))


def copies(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("slide.svs") if path.is_file()]


def until(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_two_on_one_folder_fetch_a_slide_once(store: SlowStore, tmp_path: Path) -> None:
    one, other = (SharedScratch(store, tmp_path, 1 << 30) for _ in range(2))
    for scratch in (one, other, one):
        for name, expected in SHOWN.items():
            assert colour(scratch, store, name) == expected
    assert store.fetched == ["slides/lab/red.svs", "slides/lab/green.svs"]


def test_who_comes_while_a_slide_is_fetched_waits_for_it(store: SlowStore, tmp_path: Path) -> None:
    store.gate = threading.Event()
    found: list[object] = []
    threads = [
        threading.Thread(
            target=lambda: found.append(
                colour(SharedScratch(store, tmp_path, 1 << 30), store, "red")
            )
        )
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    until(lambda: store.fetched)
    store.gate.set()
    for thread in threads:
        thread.join(20)
    assert found == [SHOWN["red"]] * 4
    assert store.fetched == ["slides/lab/red.svs"]


def test_who_waits_too_long_is_told_to_come_again(store: SlowStore, tmp_path: Path) -> None:
    store.gate = threading.Event()
    slow = threading.Thread(
        target=lambda: colour(SharedScratch(store, tmp_path, 1 << 30), store, "red")
    )
    slow.start()
    try:
        until(lambda: store.fetched)
        hasty = SharedScratch(store, tmp_path, 1 << 30, wait_seconds=0.1)
        with pytest.raises(StorageUnavailable, match="being copied"):
            colour(hasty, store, "red")
    finally:
        store.gate.set()
        slow.join(20)
    assert colour(hasty, store, "red") == SHOWN["red"]


def test_all_copies_together_stay_within_the_bound(store: SlowStore, tmp_path: Path) -> None:
    scratches = [SharedScratch(store, tmp_path, ROOM) for _ in range(2)]
    for turn in range(4):
        for name, expected in SHOWN.items():
            assert colour(scratches[turn % 2], store, name) == expected
            assert len(copies(tmp_path)) == 1
    left = {path.suffix for path in tmp_path.iterdir() if path.is_file()}
    assert left <= {"", ".lock"}
    assert len(list(tmp_path.iterdir())) == 3  # the copy, its lock, and the folder's


def test_the_copy_not_used_for_longest_goes(store: SlowStore, tmp_path: Path) -> None:
    store.write("slides/lab/blue.svs", make_deflated(colour=(30, 30, 200)))
    scratch = SharedScratch(store, tmp_path, 2 * ROOM)
    colour(scratch, store, "red")
    time.sleep(0.02)
    colour(scratch, store, "green")
    time.sleep(0.02)
    assert colour(SharedScratch(store, tmp_path, 2 * ROOM), store, "red") == SHOWN["red"]
    colour(scratch, store, "blue")
    colour(scratch, store, "red")
    assert [key[11:-4] for key in store.fetched] == ["red", "green", "blue"]


def test_a_copy_that_is_being_read_stays(store: SlowStore, tmp_path: Path) -> None:
    scratch = SharedScratch(store, tmp_path, ROOM, wait_seconds=0.1)
    red = scratch.slide(files(store.head("slides/lab/red.svs")))
    with red._borrow():
        with pytest.raises(StorageUnavailable, match="full of slides that are being read"):
            colour(SharedScratch(store, tmp_path, ROOM), store, "green")
        assert len(copies(tmp_path)) == 1
    assert colour(scratch, store, "green") == SHOWN["green"]


def test_a_slide_in_hand_survives_that_its_copy_went(store: SlowStore, tmp_path: Path) -> None:
    scratch = SharedScratch(store, tmp_path, ROOM)
    held = scratch.slide(files(store.head("slides/lab/red.svs")))
    colour(SharedScratch(store, tmp_path, ROOM), store, "green")
    assert held.region(0, (0, 0, 1024, 768)).getpixel((1023, 767)) == SHOWN["red"]


def test_a_copy_that_somebody_wiped_while_it_was_read_is_fetched_again(
    store: SlowStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from openslide import OpenSlide, OpenSlideError  # noqa: PLC0415

    scratch = SharedScratch(store, tmp_path, 1 << 30)
    held = scratch.slide(files(store.head("slides/lab/red.svs")))
    (copy,) = copies(tmp_path)
    read = OpenSlide.read_region
    wiped: list[Path] = []

    def stale(slide: OpenSlide, *args: object) -> object:
        if not wiped:
            shutil.rmtree(copy.parent)
            wiped.append(copy)
            raise OpenSlideError("Stale file handle")
        return read(slide, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(OpenSlide, "read_region", stale)
    assert held.region(0, (0, 0, 9, 9)).getpixel((0, 0)) == SHOWN["red"]
    assert len(store.fetched) == 2


def test_slides_of_several_files_are_shared_too(store: SlowStore, tmp_path: Path) -> None:
    infos = [store.write(f"slides/lab/{name}", data) for name, data in make_vms().items()]
    for _ in range(2):
        slide = SharedScratch(store, tmp_path, 1 << 30).slide(files(*infos))
        assert slide.region(0, (0, 0, 1, 1)).getpixel((0, 0)) == SHOWN["red"]
    assert sorted(store.fetched) == sorted(info.key for info in infos)


def test_what_is_no_slide_is_not_kept(store: SlowStore, tmp_path: Path) -> None:
    letter = store.write("slides/lab/letter.svs", b"Dear colleague, the slide is attached.")
    with pytest.raises(NotASlide):
        SharedScratch(store, tmp_path, 1 << 30).slide(files(letter))
    assert [path.name for path in tmp_path.iterdir()] == ["lock"]


def test_a_slide_larger_than_the_space_is_refused(store: SlowStore, tmp_path: Path) -> None:
    with pytest.raises(UnsupportedSlide, match="LABSIGHT_SCRATCH_BYTES allows 100"):
        colour(SharedScratch(store, tmp_path, 100), store, "red")
    assert store.fetched == []


def test_a_fetch_that_fails_leaves_the_room_to_others(store: SlowStore, tmp_path: Path) -> None:
    gone = files(store.head("slides/lab/red.svs"))
    store.delete("slides/lab/red.svs")
    scratch = SharedScratch(store, tmp_path, ROOM)
    with pytest.raises(Exception, match="no such object"):
        scratch.slide(gone)
    assert [path for path in tmp_path.iterdir() if path.is_dir()] == []
    assert colour(scratch, store, "green") == SHOWN["green"]


def test_a_folder_that_cannot_be_made_is_a_fault_of_the_storage(
    store: SlowStore, tmp_path: Path
) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(StorageUnavailable, match="scratch folder"):
        colour(SharedScratch(store, tmp_path / "taken", 1 << 30), store, "red")


def test_files_on_this_machine_are_opened_in_place(tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "root")
    info = store.write("a.svs", RED)
    slide = SharedScratch(store, tmp_path / "scratch", 0).slide(files(info))
    assert slide.levels == ((1024, 768),)
    assert not (tmp_path / "scratch").exists()


def test_a_lock_whose_file_was_removed_is_no_lock(tmp_path: Path) -> None:
    first = locks.hold(tmp_path / "a.lock", shared=False, until=0)
    assert first is not None
    (tmp_path / "a.lock").unlink()
    second = locks.hold(tmp_path / "a.lock", shared=False, until=0)
    assert second is not None
    assert locks.hold(tmp_path / "a.lock", shared=True, until=0) is None
    with locks.held(first), locks.held(second):
        pass


READER = """
import sys, time
from pathlib import Path
from labsight.objects.folder import FolderStore
from labsight.slides.index import SourceFile
from labsight.slides.staging.shared import SharedScratch

class Away(FolderStore):
    def local_path(self, key):
        return None
    def read(self, key, start=0, length=None, *, etag=None):
        with open(sys.argv[3], "a") as notes:
            notes.write(key + "\\n")
        time.sleep(float(sys.argv[4]))
        return super().read(key, start, length, etag=etag)

store = Away(Path(sys.argv[1]))
scratch = SharedScratch(store, Path(sys.argv[2]), int(sys.argv[5]))
for name in sys.argv[6:]:
    info = store.head(name)
    slide = scratch.slide((SourceFile(info.key, info.etag, info.size),))
    print(*slide.region(0, (0, 0, 1, 1)).getpixel((0, 0)), flush=True)
"""


def reader(tmp_path: Path, seconds: float, room: int, *names: str) -> "subprocess.Popen[str]":
    arguments = [tmp_path / "root", tmp_path / "copies", tmp_path / "notes", seconds, room, *names]
    return subprocess.Popen(
        [sys.executable, "-c", READER, *map(str, arguments)], stdout=subprocess.PIPE, text=True
    )


@pytest.fixture
def root(tmp_path: Path) -> Path:
    store = FolderStore(tmp_path / "root")
    store.write("red.svs", RED)
    store.write("green.svs", GREEN)
    return tmp_path


def test_two_processes_fetch_once_and_keep_the_bound(root: Path) -> None:
    both = [reader(root, 0.3, 2 * ROOM, "red.svs") for _ in range(2)]
    said = [process.communicate(timeout=60)[0] for process in both]
    assert said == ["200 30 30 255\n"] * 2
    assert (root / "notes").read_text() == "red.svs\n"


def test_two_processes_that_need_the_same_room_both_get_on(root: Path) -> None:
    turns = ["red.svs", "green.svs"] * 6
    both = [reader(root, 0, ROOM, *turns), reader(root, 0, ROOM, *reversed(turns))]
    said = [process.communicate(timeout=60)[0].split("\n")[:-1] for process in both]
    # Where one holds the only room for a moment the other is told so, and its process ends there.
    assert max(map(len, said)) == len(turns)
    wanted = ["200 30 30 255", "30 200 30 255"] * 6
    assert said[0] == wanted[: len(said[0])]
    assert said[1] == wanted[::-1][: len(said[1])]
    assert len(copies(root / "copies")) <= 1


def test_a_killed_process_keeps_nobody_waiting_and_leaves_nothing(root: Path) -> None:
    killed = reader(root, 60, ROOM, "red.svs")
    until((root / "notes").exists)
    killed.send_signal(signal.SIGKILL)
    killed.communicate(timeout=20)
    parts = [path.name for path in (root / "copies").iterdir() if path.is_dir()]
    assert len(parts) == 1
    assert parts[0].startswith("part-")

    said, _ = reader(root, 0, ROOM, "green.svs", "red.svs").communicate(timeout=60)
    assert said == "30 200 30 255\n200 30 30 255\n"
    left = [path.name for path in (root / "copies").iterdir() if path.is_dir()]
    assert len(left) == 1
    assert not left[0].startswith(("part-", "gone-"))
