"""Requests for neighbouring tiles share a read, and each gets its own tile."""

import random
import threading
import time
from array import array
from collections.abc import Callable
from dataclasses import replace

import pytest

from labsight.errors import DamagedSlide, ObjectChanged, StorageUnavailable
from labsight.objects.memory import MemoryStore
from labsight.slides.coalesce import GROUP, MAX_GROUP_BYTES, Coalesced
from labsight.slides.index import Chunks, Level, SlideIndex, SourceFile

COLUMNS, ROWS, SIZE = 40, 10, 9000


class SlowStore(MemoryStore):
    """A store whose reads take a while and can fail."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds = 0.0
        self.fail: Callable[[], None] = lambda: None
        self.lengths: list[int] = []

    def read(
        self, key: str, start: int = 0, length: int | None = None, *, etag: str | None = None
    ) -> bytes:
        time.sleep(self.seconds)
        self.fail()
        found = super().read(key, start, length, etag=etag)
        self.lengths.append(len(found))
        return found


def slide(size: int = SIZE, gap: int = 0) -> tuple[SlowStore, SlideIndex, Chunks, bytes]:
    count = COLUMNS * ROWS
    content = random.Random(1).randbytes(count * (size + gap))
    store = SlowStore()
    info = store.write("slide", content)
    offsets = array("Q", range(0, count * (size + gap), size + gap))
    chunks = Chunks(b"", offsets, array("I", [size] * count))
    level = Level(COLUMNS * 256, ROWS * 256, 256, 256)
    file = SourceFile("slide", info.etag, info.size)
    index = SlideIndex(
        key="slide", etag=info.etag, size=info.size, format="svs", files=(file,), levels=(level,)
    )
    return store, index, chunks, content


def at_once(count: int, work: Callable[[int], None]) -> None:
    threads = [threading.Thread(target=work, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_each_tile_is_the_one_asked_for_in_any_order() -> None:
    store, index, chunks, content = slide(gap=7)
    shared = Coalesced(store, 1 << 20)
    order = list(range(COLUMNS * ROWS)) * 2
    random.Random(3).shuffle(order)
    for number in order:
        start = chunks.offsets[number]
        assert shared.chunk(index, chunks, number) == content[start : start + SIZE]


def test_a_screen_asked_for_one_by_one_costs_few_reads() -> None:
    store, index, chunks, _ = slide()
    shared = Coalesced(store)
    screen = [row * COLUMNS + column for column in range(9, 15) for row in range(3, 7)]
    for number in screen:
        shared.chunk(index, chunks, number)
    assert store.reads <= 8
    assert max(store.lengths) <= MAX_GROUP_BYTES


def test_neighbours_asked_for_at_the_same_time_share_one_read() -> None:
    store, index, chunks, content = slide()
    store.seconds = 0.05
    shared = Coalesced(store)
    found: dict[int, bytes] = {}

    def ask(number: int) -> None:
        found[number] = shared.chunk(index, chunks, number)

    at_once(GROUP, ask)
    assert store.reads == 1
    assert found == {n: content[n * SIZE : (n + 1) * SIZE] for n in range(GROUP)}


def test_a_large_tile_costs_no_more_than_itself() -> None:
    store, index, chunks, _ = slide(size=MAX_GROUP_BYTES)
    shared = Coalesced(store)
    shared.chunk(index, chunks, 5)
    assert store.lengths == [MAX_GROUP_BYTES]


def test_tiles_that_lie_apart_are_read_apart() -> None:
    store, index, chunks, _ = slide(size=100, gap=5000)
    Coalesced(store).chunk(index, chunks, 5)
    assert store.lengths == [100]


def test_a_blank_tile_costs_no_read() -> None:
    store, index, chunks, content = slide()
    chunks.lengths[3] = 0
    shared = Coalesced(store)
    assert shared.chunk(index, chunks, 3) == b""
    assert store.reads == 0
    assert shared.chunk(index, chunks, 4) == content[4 * SIZE : 5 * SIZE]


def test_what_is_kept_is_bounded_and_the_last_read_stays() -> None:
    store, index, chunks, _ = slide()
    shared = Coalesced(store, kept_bytes=GROUP * SIZE * 3)
    for number in range(COLUMNS * ROWS):
        shared.chunk(index, chunks, number)
        assert sum(map(len, shared._kept.values())) == shared._bytes <= GROUP * SIZE * 3
    reads = store.reads
    shared.chunk(index, chunks, COLUMNS * ROWS - 1)
    assert store.reads == reads
    shared.chunk(index, chunks, 0)
    assert store.reads == reads + 1


def test_another_version_of_a_file_is_another_file() -> None:
    store, index, chunks, _ = slide()
    shared = Coalesced(store)
    old = shared.chunk(index, chunks, 0)
    info = store.write("slide", bytes(COLUMNS * ROWS * SIZE))
    with pytest.raises(ObjectChanged):
        shared.chunk(index, chunks, COLUMNS * ROWS - 1)
    new = replace(index, files=(SourceFile("slide", info.etag, info.size),))
    assert shared.chunk(new, chunks, 0) == bytes(SIZE) != old


def test_an_error_reaches_all_who_wait_and_is_not_kept() -> None:
    store, index, chunks, content = slide()
    store.seconds = 0.05

    def fail() -> None:
        raise StorageUnavailable("away")

    store.fail = fail
    shared = Coalesced(store)
    told: list[Exception] = []

    def ask(number: int) -> None:
        try:
            shared.chunk(index, chunks, number)
        except StorageUnavailable as error:
            told.append(error)

    at_once(GROUP, ask)
    assert [error.message for error in told] == ["away"] * GROUP  # type: ignore[attr-defined]
    assert len({id(error) for error in told}) == GROUP
    store.fail = lambda: None
    assert shared.chunk(index, chunks, 1) == content[SIZE : 2 * SIZE]


def test_a_file_that_was_cut_off_gives_what_is_whole_and_is_not_kept() -> None:
    store, index, chunks, content = slide()
    info = store.write("slide", content[: 3 * SIZE + 1])
    index = replace(index, files=(SourceFile("slide", info.etag, info.size),))
    shared = Coalesced(store)
    assert shared.chunk(index, chunks, 2) == content[2 * SIZE : 3 * SIZE]
    with pytest.raises(DamagedSlide, match="cut off"):
        shared.chunk(index, chunks, 3)
    assert store.reads == 2


def test_threads_on_one_small_memory_get_right_tiles() -> None:
    store, index, chunks, content = slide()
    shared = Coalesced(store, kept_bytes=GROUP * SIZE * 2)
    wrong = []

    def ask(seed: int) -> None:
        chance = random.Random(seed)
        for _ in range(300):
            number = chance.randrange(COLUMNS * ROWS)
            if shared.chunk(index, chunks, number) != content[number * SIZE : (number + 1) * SIZE]:
                wrong.append(number)

    at_once(8, ask)
    assert wrong == []
    assert shared._under_way == {}
    assert sum(map(len, shared._kept.values())) == shared._bytes <= GROUP * SIZE * 2
