import io
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from labsight.catalog import Catalog
from labsight.errors import ObjectChanged
from labsight.objects.memory import MemoryStore
from labsight.slides.index import version_of
from labsight.tiles import Request, Response, descriptor, index_cache
from tests.support.archive import Archive
from tests.support.made_slides import make_svs, picture

SIZE = (1000, 740)


@pytest.fixture
def archive(catalog: Catalog, tmp_path: Path) -> Archive:
    return Archive(catalog, tmp_path / "scratch")


@pytest.fixture
def slide(archive: Archive, tmp_path: Path) -> str:
    path = make_svs(tmp_path / "a.svs", size=SIZE, levels=(1, 4))
    return archive.imported("case/a.svs", path).slide_id


def image(response: Response) -> Image.Image:
    assert response.status == 200, response.body
    return Image.open(io.BytesIO(response.body)).convert("RGB")


def test_the_descriptor_names_the_real_levels(archive: Archive, slide: str) -> None:
    document = json.loads(archive.get(f"/slides/{slide}/slide.json").body)
    assert document["filename"] == "a.svs"
    assert document["mpp"] == {"x": 0.5, "y": 0.5}
    assert [
        (level["width"], level["height"], level["columns"], level["rows"], level["downsample"])
        for level in document["levels"]
    ] == [(1000, 740, 5, 4, 1.0), (250, 185, 2, 1, 4.0)]
    tile = document["tile_url"].format(level=1, col=0, row=0)
    assert archive.get(tile).headers["x-labsight-path"] == "decoded"  # 185 px high: an edge tile
    for picture_of in document["associated"]:
        assert image(archive.get(picture_of["url"])).size == (
            picture_of["width"],
            picture_of["height"],
        )


def test_edge_tiles_are_cut_to_the_level(archive: Archive, slide: str) -> None:
    assert image(archive.get(f"/slides/{slide}/tiles/0/4_3.jpg")).size == (40, 20)


@pytest.mark.parametrize(
    "path",
    [
        "/slides/{id}/tiles/2/0_0.jpg",
        "/slides/{id}/tiles/0/5_0.jpg",
        "/slides/{id}/tiles/0/0_4.jpg",
        "/slides/{id}/tiles/999999999/0_0.jpg",
        "/slides/{id}/tiles/0/-1_0.jpg",
        "/slides/{id}/tiles/0/0_0.png",
        "/slides/{id}_files/11/0_0.jpg",
        "/slides/{id}_files/10/5_0.jpg",
        "/slides/aaaaaaaaaaaaaaaa/slide.json",
        "/slides/{id}/other.jpg",
        "/slides/",
        "/slides/{id}",
    ],
)
def test_what_does_not_exist_is_a_problem_of_404(path: str, archive: Archive, slide: str) -> None:
    answer = archive.get(path.format(id=slide))
    problem = json.loads(answer.body)
    assert answer.status == problem["status"] == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert len(problem["detail"]) > 15


@pytest.mark.parametrize(
    "path",
    [
        "/slides/nonsense/slide.json",
        "/slides/{id}.dzi?tilesize=0",
        "/slides/{id}.dzi?tilesize=1e3",
        "/slides/{id}.dzi?overlap=999",
        "/slides/{id}_files/9/0_0.jpg?tilesize=99999999999999999999",
        "/slides/{id}_files/9/0_0.jpg?tilesize=²",
    ],
)
def test_a_wrong_value_is_a_problem_of_400(path: str, archive: Archive, slide: str) -> None:
    answer = archive.get(path.format(id=slide))
    assert answer.status == 400
    assert json.loads(answer.body)["title"] == "Bad Request"


def test_other_methods_are_refused_with_those_that_work(archive: Archive, slide: str) -> None:
    answer = archive.tiles.answer(Request("POST", f"/slides/{slide}/slide.json"))
    assert answer.status == 405
    assert answer.headers["allow"] == "GET, HEAD"


def test_head_tells_the_length_and_sends_nothing(archive: Archive, slide: str) -> None:
    path = f"/slides/{slide}/tiles/0/0_0.jpg"
    answer = archive.tiles.answer(Request("HEAD", path))
    assert answer.body == b""
    assert answer.headers["content-length"] == str(len(archive.get(path).body))


def test_who_holds_a_tile_gets_304_without_any_read(archive: Archive, slide: str) -> None:
    path = f"/slides/{slide}/tiles/0/1_1.jpg"
    etag = archive.get(path).headers["etag"]
    before = archive.store.reads
    for held in (etag, f'W/{etag}, "other"', "*"):
        answer = archive.get(path, if_none_match=held)
        assert (answer.status, answer.body) == (304, b"")
    assert archive.store.reads == before
    answer = archive.tiles.answer(Request("HEAD", path, headers={"if-none-match": etag}))
    assert (answer.status, "content-length" in answer.headers) == (304, False)
    assert archive.get(path, if_none_match='"other"').status == 200


def test_each_tile_has_an_etag_of_its_own(archive: Archive, slide: str) -> None:
    paths = [f"/slides/{slide}/tiles/{tile}.jpg" for tile in ("0/0_0", "0/0_1", "0/1_0", "1/0_0")]
    assert len({archive.get(path).headers["etag"] for path in paths}) == 4


def test_only_a_versioned_address_is_kept_for_ever(archive: Archive, slide: str) -> None:
    document = json.loads(archive.get(f"/slides/{slide}/slide.json").body)
    versioned = document["tile_url"].format(level=0, col=0, row=0)
    assert "immutable" in archive.get(versioned).headers["cache-control"]
    for path in (f"/slides/{slide}/tiles/0/0_0.jpg", f"/slides/{slide}/thumbnail.jpg?v=0"):
        assert "no-cache" in archive.get(path).headers["cache-control"]


def test_a_tile_of_another_version_is_refused_and_not_mixed_with_todays(
    archive: Archive, slide: str, tmp_path: Path
) -> None:
    archive.tiles._indexes._clock = lambda: now[0]
    now = [1000.0]
    key = archive.catalog.slide(slide).key
    document = json.loads(archive.get(f"/slides/{slide}/slide.json").body)
    old = document["tile_url"].format(level=0, col=0, row=0)
    zoomed = f"/slides/{slide}_files/5/0_0.jpg?v={document['version']}"
    assert archive.get(old).status == archive.get(zoomed).status == 200
    archive.store.write(key, make_svs(tmp_path / "b.svs", size=(900, 800)).read_bytes())
    archive.importer.run(key)
    now[0] += 60
    for path in (old, zoomed):
        answer = archive.get(path)
        assert answer.status == 409
        assert "replaced" in json.loads(answer.body)["detail"]
    assert archive.get(old.partition("?")[0]).status == 200


def test_an_address_that_is_newer_than_the_index_at_hand_is_answered(
    archive: Archive, slide: str, tmp_path: Path
) -> None:
    """Two copies of a function hold indexes of different ages."""
    now = [1000.0]
    archive.tiles._indexes._clock = lambda: now[0]
    archive.get(f"/slides/{slide}/slide.json")
    key = archive.catalog.slide(slide).key
    info = archive.store.write(key, make_svs(tmp_path / "b.svs", size=(900, 800)).read_bytes())
    archive.importer.run(key)
    now[0] += 2
    answer = archive.get(f"/slides/{slide}/tiles/0/0_0.jpg?v={version_of(info.etag)}")
    assert answer.status == 200
    assert "immutable" in answer.headers["cache-control"]


def test_label_and_macro_are_hidden_unless_allowed(catalog: Catalog, tmp_path: Path) -> None:
    archive = Archive(catalog, tmp_path / "scratch", show_labels=False)
    slide = archive.imported("a.svs", make_svs(tmp_path / "a.svs")).slide_id
    document = json.loads(archive.get(f"/slides/{slide}/slide.json").body)
    assert [one["name"] for one in document["associated"]] == ["thumbnail"]
    for name in ("label", "macro"):
        answer = archive.get(f"/slides/{slide}/{name}.jpg")
        assert answer.status == 403
        assert "showLabels" in json.loads(answer.body)["detail"]
    assert archive.get(f"/slides/{slide}/thumbnail.jpg").status == 200


def test_a_picture_that_a_slide_lacks_is_404(archive: Archive, tmp_path: Path) -> None:
    path = make_svs(tmp_path / "b.svs", label=None, macro=False)
    slide = archive.imported("b.svs", path).slide_id
    assert archive.get(f"/slides/{slide}/label.jpg").status == 404


def test_deep_zoom_of_the_own_grid_serves_stored_tiles(archive: Archive, slide: str) -> None:
    root = ET.fromstring(archive.get(f"/slides/{slide}.dzi").body)
    assert root.attrib == {"Format": "jpg", "Overlap": "0", "TileSize": "240"}
    for suffix in ("jpg", "jpeg"):
        answer = archive.get(f"/slides/{slide}_files/10/1_1.{suffix}")
        assert answer.headers["x-labsight-path"] == "stored"
    assert answer.body == archive.get(f"/slides/{slide}/tiles/0/1_1.jpg").body


@pytest.mark.parametrize(("tile", "overlap"), [(240, 0), (254, 1), (100, 3), (512, 0)])
def test_deep_zoom_tiles_of_any_grid_make_up_the_picture(
    tile: int, overlap: int, archive: Archive, slide: str
) -> None:
    whole = picture(SIZE, 240).astype(int)
    for level in range(11):
        half = 1 << (10 - level)
        width, height = -(-SIZE[0] // half), -(-SIZE[1] // half)
        shown = np.zeros((height, width, 3), dtype=int)
        for row in range(-(-height // tile)):
            for column in range(-(-width // tile)):
                path = f"/slides/{slide}_files/{level}/{column}_{row}.jpg"
                part = image(archive.get(f"{path}?tilesize={tile}&overlap={overlap}"))
                left, top = max(0, column * tile - overlap), max(0, row * tile - overlap)
                pixels = np.asarray(part)
                shown[top : top + pixels.shape[0], left : left + pixels.shape[1]] = pixels
        expected = whole[half // 2 :: half, half // 2 :: half][:height, :width]
        difference = np.abs(shown[: expected.shape[0], : expected.shape[1]] - expected)
        assert difference[..., :2].mean() < 4 + half / 8, level  # blue marks tiles: not smooth


def test_a_changed_file_is_served_from_its_new_index(archive: Archive, tmp_path: Path) -> None:
    key = archive.put("a.svs", make_svs(tmp_path / "a.svs", size=(500, 400)))
    slide = archive.importer.run(key).slide_id
    archive.get(f"/slides/{slide}/tiles/0/0_0.jpg")
    archive.put("a.svs", make_svs(tmp_path / "b.svs", size=(800, 600)))
    assert archive.get(f"/slides/{slide}/tiles/0/0_0.jpg").status == 503
    archive.importer.run(key)
    assert archive.get(f"/slides/{slide}/tiles/0/2_1.jpg").status == 200


def test_what_failed_to_import_again_is_not_shown_any_more(archive: Archive, slide: str) -> None:
    archive.get(f"/slides/{slide}/slide.json")
    archive.imported("case/a.svs", b"not a slide")
    archive.tiles._indexes.forget(slide)
    for path in ("slide.json", "tiles/0/0_0.jpg", "label.jpg", "thumbnail.jpg"):
        answer = archive.get(f"/slides/{slide}/{path}")
        assert answer.status == 404
        assert "No reader knows this file" in json.loads(answer.body)["detail"]


def test_a_reimported_slide_is_seen_after_a_while_without_a_restart(
    archive: Archive, tmp_path: Path
) -> None:
    now = [0.0]
    archive.tiles._indexes._clock = lambda: now[0]
    slide = archive.imported("a.svs", make_svs(tmp_path / "a.svs", size=(500, 400))).slide_id
    assert json.loads(archive.get(f"/slides/{slide}/slide.json").body)["width"] == 500
    archive.imported("a.svs", make_svs(tmp_path / "b.svs", size=(800, 600)))
    now[0] = index_cache.FRESH_SECONDS
    assert json.loads(archive.get(f"/slides/{slide}/slide.json").body)["width"] == 800


def test_a_picture_is_never_that_of_another_version(archive: Archive, tmp_path: Path) -> None:
    slide = archive.imported("a.svs", make_svs(tmp_path / "a.svs", size=(500, 400))).slide_id
    old = archive.get(f"/slides/{slide}/thumbnail.jpg").headers["etag"]
    archive.imported("a.svs", make_svs(tmp_path / "b.svs", size=(800, 600)))
    answer = archive.get(f"/slides/{slide}/thumbnail.jpg")
    assert answer.status == 200
    assert answer.headers["etag"] != old


def test_an_unforeseen_fault_is_a_problem_and_stands_in_the_log(
    archive: Archive, slide: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_args: object, **_rest: object) -> bytes:
        message = "inner workings"
        raise RuntimeError(message)

    monkeypatch.setattr(MemoryStore, "read", broken)
    answer = archive.get(f"/slides/{slide}/tiles/0/0_0.jpg")
    assert answer.status == 500
    assert b"inner workings" not in answer.body
    assert "inner workings" in caplog.text


def test_many_readers_and_a_changing_index_get_along(archive: Archive, slide: str) -> None:
    indexes = archive.tiles._indexes
    stop = time.monotonic() + 1
    failures: list[Exception] = []

    def use(action: Callable[[str], object]) -> None:
        try:
            while time.monotonic() < stop:
                action(slide)
        except Exception as error:  # noqa: BLE001 - whatever it is, the test names it
            failures.append(error)

    threads = [threading.Thread(target=use, args=(one,)) for one in [indexes.get] * 3]
    threads.append(threading.Thread(target=use, args=(indexes.forget,)))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    indexes.forget(slide)
    assert failures == []
    assert indexes._bytes == 0


def test_a_damaged_index_is_a_problem_and_no_crash(archive: Archive, slide: str) -> None:
    key = f"derived/{slide}/index.bin"
    content = archive.store.read(key)
    for damaged in (b"", content[:50], b"\0" * len(content)):
        archive.store.write(key, damaged)
        archive.tiles._indexes.forget(slide)
        answer = archive.get(f"/slides/{slide}/slide.json")
        assert answer.status == 422
        assert "import it again" in json.loads(answer.body)["detail"]


def test_an_index_that_still_tells_its_slide_is_made_anew(archive: Archive, slide: str) -> None:
    key = f"derived/{slide}/index.bin"
    content = archive.store.read(key)
    sound = archive.get(f"/slides/{slide}/slide.json").body
    older = content[:7] + b"\x01" + content[8:]
    for damaged in (content[:-1] + b"x", content[:-40], older):
        archive.store.write(key, damaged)
        archive.tiles._indexes.forget(slide)
        assert archive.get(f"/slides/{slide}/slide.json").body == sound
        assert archive.get(f"/slides/{slide}/tiles/0/0_0.jpg").status == 200


def test_an_index_made_anew_shows_no_picture_of_the_file_before(
    archive: Archive, tmp_path: Path
) -> None:
    first = make_svs(tmp_path / "a.svs", label="S26-1;A1;1")
    slide = archive.imported("a.svs", first).slide_id
    older = bytearray(archive.store.read(f"derived/{slide}/index.bin"))
    older[7] = 1
    archive.imported("a.svs", make_svs(tmp_path / "b.svs", label="T99-7;B1;1"))
    archive.imported("a.svs", make_svs(tmp_path / "c.svs", label=None))
    newer = bytearray(archive.store.read(f"derived/{slide}/index.bin"))
    newer[7] = 1
    archive.store.write(f"derived/{slide}/index.bin", bytes(newer))
    archive.tiles._indexes.forget(slide)
    assert archive.get(f"/slides/{slide}/thumbnail.jpg").status == 200
    assert archive.get(f"/slides/{slide}/label.jpg").status == 404  # that lies there still
    archive.store.write(f"derived/{slide}/index.bin", bytes(older))
    archive.tiles._indexes.forget(slide)
    assert archive.get(f"/slides/{slide}/label.jpg").status == 422


def test_an_index_that_is_replaced_while_it_is_read_is_read_again(
    archive: Archive, slide: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, left = archive.store.read, [1]

    def raced(key: str, *rest: Any, **named: Any) -> bytes:
        if key.endswith("index.bin") and left:
            left.pop()
            message = "another import was quicker"
            raise ObjectChanged(message)
        return read(key, *rest, **named)

    monkeypatch.setattr(archive.store, "read", raced)
    archive.tiles._indexes.forget(slide)
    assert archive.get(f"/slides/{slide}/slide.json").status == 200
    assert not left


def test_a_tile_is_made_once_however_its_place_is_written(archive: Archive, slide: str) -> None:
    path = f"/slides/{slide}_files/9"
    etags = {archive.get(f"{path}/{one}.jpg").headers["etag"] for one in ("1_0", "01_000", "001_0")}
    assert len(etags) == 1
    assert len(archive.tiles._tiles.kept._tiles) == 1


def test_a_description_that_says_more_is_sent_to_who_holds_the_one_before(
    archive: Archive, slide: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"/slides/{slide}/slide.json"
    before = archive.get(path)
    etag = before.headers["etag"]
    assert archive.get(path, if_none_match=etag).status == 304
    described = descriptor.describe

    def later(*rest: Any, **named: Any) -> dict[str, Any]:
        return {**described(*rest, **named), "new_in_this_release": True}

    monkeypatch.setattr(descriptor, "describe", later)
    after = archive.get(path, if_none_match=etag)
    assert after.status == 200
    assert json.loads(after.body)["version"] == json.loads(before.body)["version"]


def test_the_index_cache_stays_within_its_bytes(archive: Archive, tmp_path: Path) -> None:
    archive.tiles._indexes._max_bytes = 20_000
    for number in range(20):
        path = make_svs(tmp_path / f"{number}.svs", size=(300, 300), levels=(1,), label=None)
        slide = archive.imported(f"{number}.svs", path).slide_id
        assert archive.get(f"/slides/{slide}/slide.json").status == 200
    assert archive.tiles._indexes._bytes <= 20_000
    assert len(archive.tiles._indexes._kept) < 6


def test_the_stored_path_starts_without_an_imaging_library() -> None:
    program = (
        "import sys, labsight.tiles; "
        "print(sorted({'PIL', 'openslide', 'numpy', 'boto3', 'sqlalchemy'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


words = st.sampled_from(
    [
        "slides",
        "tiles",
        "..",
        "%2e",
        "\0",
        " ",
        "",
        "日本",
        "slide.json",
        "label.jpg",
        "{id}",
        "{id}.dzi",
        "{id}_files",
        "0",
        "10",
        "0_0.jpg",
        "1_1.jpeg",
        "-1_0.jpg",
        "²_0.jpg",
        "a~r2",
        "x" * 300,
    ]
)


@settings(
    max_examples=1000, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(
    parts=st.lists(words | st.text(max_size=20), max_size=6),
    query=st.dictionaries(
        st.sampled_from(["v", "tilesize", "overlap", "x"]), st.text(max_size=12), max_size=3
    ),
    method=st.sampled_from(["GET", "HEAD", "PUT", ""]),
)
def test_no_request_makes_the_service_fail(
    parts: list[str], query: dict[str, str], method: str, archive: Archive, slide: str
) -> None:
    path = "/slides/" + "/".join(parts).replace("{id}", slide)
    answer = archive.tiles.answer(Request(method, path, query))
    assert answer.status < 500
    if answer.status >= 400 and method != "HEAD":
        assert json.loads(answer.body)["status"] == answer.status
