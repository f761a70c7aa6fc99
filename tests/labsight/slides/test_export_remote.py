"""Slides exported out of buckets and from servers: the same bytes, read once."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from labsight.errors import NotFound, ObjectChanged
from labsight.objects import attempts
from labsight.slides import sidecar
from labsight.slides.indexing import index_of
from labsight.slides.sources import find
from tests.support.exports import Told, contents, run_export
from tests.support.made_slides import make_svs
from tests.support.range_server import Files, serving


@pytest.fixture
def slide(tmp_path: Path) -> Path:
    return make_svs(tmp_path / "case 7.svs", size=(3000, 2300), levels=(1, 4))


@pytest.fixture
def files(slide: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Files]:
    monkeypatch.setattr(attempts, "wait", lambda _: None)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "id")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    with serving() as served:
        served.contents["/archive/a/case 7.svs"] = slide.read_bytes()
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", served.url)
        yield served


def uri_of(files: Files, kind: str) -> str:
    return {"s3": "s3://archive/a/case 7.svs", "http": f"{files.url}/archive/a/case%207.svs"}[kind]


def fetched(files: Files) -> int:
    """Return how many bytes were asked for."""
    total = 0
    for _, _, headers in files.asked:
        first, _, last = headers.get("range", "bytes=0-").removeprefix("bytes=").partition("-")
        total += int(last) - int(first) + 1 if last else 0
    return total


@pytest.mark.parametrize("kind", ["s3", "http"])
@pytest.mark.parametrize("target", ["tiles", "dzi", "ome-tiff"])
def test_the_export_is_that_of_the_file(
    slide: Path, files: Files, tmp_path: Path, kind: str, target: str
) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    there.mkdir()
    run_export(slide, target, here)
    run_export(uri_of(files, kind), target, there)
    mine, theirs = contents(here), contents(there)
    for found in (mine, theirs):  # its id is made of where the slide lies
        found.pop("case 7/slide.json", None)
    assert mine == theirs


@pytest.mark.parametrize("target", ["tiles", "dzi", "ome-tiff"])
def test_the_slide_is_read_once(slide: Path, files: Files, tmp_path: Path, target: str) -> None:
    run_export(uri_of(files, "http"), target, tmp_path / "out")
    # Also what is read ahead to find the tables, and the coarsest level for a thumbnail.
    assert fetched(files) < 1.5 * slide.stat().st_size + 100_000
    assert len(files.asked) < 60


def test_a_file_that_changes_on_its_server_ends_the_export(files: Files, tmp_path: Path) -> None:
    class Changing(Told):
        def moved(self, tiles: int, written: int) -> None:
            super().moved(tiles, written)
            files.etags["/archive/a/case 7.svs"] = '"another"'

    with pytest.raises(ObjectChanged, match="case 7 changed while it was exported"):
        run_export(uri_of(files, "http"), "tiles", tmp_path / "out", Changing())
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("end", ["", "/", "/slide.json", ".dzi?v=1", "/direct.json"])
def test_a_slide_of_a_labsight_server_is_named_by_its_page(
    slide: Path, files: Files, tmp_path: Path, end: str
) -> None:
    source = find(str(slide))
    key = next(one.key for one in source.store.walk() if "case" in one.key)
    index = index_of(source.store, key).index
    document = {
        "index": base64.b64encode(sidecar.to_bytes(index)).decode(),
        "files": [f"{files.url}/archive/a/case%207.svs"],
    }
    page = "/slides/abcdefghij234567"
    files.contents[f"{page}/direct.json"] = json.dumps(document).encode()
    files.etags["/archive/a/case 7.svs"] = f'"{index.files[0].etag}"'
    place = run_export(f"{files.url}{page}{end}", "zip", tmp_path).path
    assert place.name == "case 7.zip"
    with pytest.raises(NotFound):
        run_export(f"{files.url}/slides/zzzzzzzzzzzzzzzz{end}", "zip", tmp_path / "none")
