from collections.abc import Mapping

from labsight.errors import StorageUnavailable
from labsight.objects import ObjectInfo
from labsight.objects.memory import MemoryStore
from labsight.slides.index import Level, SlideIndex
from labsight.tiles.kept import KeptTiles

INDEX = SlideIndex(
    key="slides/lab/a.svs", etag="1", size=1, format="svs", files=(), levels=(Level(9, 9, 9, 9),)
)


class Broken(MemoryStore):
    """A store that is away."""

    def read(
        self, key: str, start: int = 0, length: int | None = None, *, etag: str | None = None
    ) -> bytes:
        raise StorageUnavailable(f"{key} {start} {length} {etag}")

    def write(
        self,
        key: str,
        data: bytes,
        *,
        content_type: str = "",
        metadata: Mapping[str, str] | None = None,
        if_absent: bool = False,
    ) -> ObjectInfo:
        raise StorageUnavailable(f"{key} {len(data)} {content_type} {metadata} {if_absent}")


def test_a_lasting_tile_is_found_by_another_process() -> None:
    store = MemoryStore()
    KeptTiles(store).put(INDEX, "0/1_2.jpg", b"tile", lasting=True)
    assert KeptTiles(store).get(INDEX, "0/1_2.jpg", lasting=True) == b"tile"
    assert [one.key.split("/")[0] for one in store.walk()] == ["tiles"]


def test_what_one_caller_thought_of_stays_in_memory() -> None:
    store = MemoryStore()
    kept = KeptTiles(store)
    kept.put(INDEX, "odd.jpg", b"tile", lasting=False)
    assert kept.get(INDEX, "odd.jpg", lasting=False) == b"tile"
    assert not list(store.walk())


def test_another_version_of_the_slide_has_tiles_of_its_own() -> None:
    kept = KeptTiles()
    kept.put(INDEX, "a.jpg", b"tile", lasting=False)
    newer = SlideIndex(key=INDEX.key, etag="2", size=1, format="svs", files=(), levels=INDEX.levels)
    assert kept.get(newer, "a.jpg", lasting=False) is None


def test_memory_is_bounded_and_the_oldest_goes_first() -> None:
    kept = KeptTiles(max_bytes=30)
    for name in ("a", "b", "c"):
        kept.put(INDEX, name, b"x" * 10, lasting=False)
    assert kept.get(INDEX, "a", lasting=False)
    kept.put(INDEX, "d", b"x" * 10, lasting=False)
    held = [name for name in "abcd" if kept.get(INDEX, name, lasting=False)]
    assert held == ["a", "c", "d"]


def test_a_store_that_is_away_costs_nothing_but_the_keeping() -> None:
    kept = KeptTiles(Broken())
    assert kept.get(INDEX, "a", lasting=True) is None
    kept.put(INDEX, "a", b"tile", lasting=True)
    assert kept.get(INDEX, "a", lasting=True) == b"tile"
