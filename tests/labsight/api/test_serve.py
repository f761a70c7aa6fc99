import re
import shutil
import threading
import unicodedata
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from labsight.api import serve, web
from labsight.api.serve import Served, serve_folder
from labsight.errors import SettingsError
from labsight.slides.importing import Outcome
from tests.support.made_slides import make_svs

HERE = "http://localhost:8080"


@pytest.fixture
def app_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "web"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html><title>labsight</title>")
    (folder / "assets" / "app.js").write_text("export {}")
    monkeypatch.setattr(serve, "web_folder", lambda: folder)
    return folder


@pytest.fixture
def slides(tmp_path: Path) -> Path:
    folder = tmp_path / "slides"
    (folder / "case 1").mkdir(parents=True)
    make_svs(folder / "case 1" / "a.svs")
    (folder / "notes.txt").write_text("not an image")
    (folder / "bad.svs").write_bytes(b"not a slide")
    return folder


@pytest.fixture
def served(slides: Path, tmp_path: Path, app_folder: Path) -> Iterator[Served]:
    assert app_folder.is_dir()
    made = Served(slides, tmp_path / "cache", show_labels=False)
    yield made
    made.close()


@pytest.fixture
def client(served: Served) -> TestClient:
    served.scan(print)
    return TestClient(served.app, base_url=HERE, raise_server_exceptions=False)


def test_a_folder_is_served_under_the_same_paths_as_the_archive(client: TestClient) -> None:
    items = {item["filename"]: item for item in client.get("/api/slides").json()["items"]}
    assert set(items) == {"a.svs", "bad.svs"}
    assert items["bad.svs"]["import_state"] == "failed"
    slide = items["a.svs"]
    document = client.get(slide["links"]["descriptor"]).json()
    tile = client.get(document["tile_url"].format(level=0, col=0, row=0))
    assert tile.headers["x-labsight-path"] == "stored"
    assert client.get(slide["links"]["thumbnail"]).headers["content-type"] == "image/jpeg"
    assert client.get(f"/slides/{slide['id']}/label.jpg").status_code == 403
    assert client.get("/healthz").json() == {"status": "ok"}


def test_the_web_app_is_served_beside_it(client: TestClient) -> None:
    assert "<title>labsight" in client.get("/").text
    assert client.get("/").headers["cache-control"] == "no-cache"
    assert "immutable" in client.get("/assets/app.js").headers["cache-control"]
    for path in ("/nothing.html", "/../secret", "/%2e%2e/secret", "/a%00b"):
        answer = client.get(path)
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/problem+json"


def test_browsers_are_told_to_be_strict_everywhere(client: TestClient) -> None:
    for path in ("/", "/api/slides", "/slides/x/slide.json", "/nothing"):
        assert client.get(path).headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "127.0.0.1.nip.io", ""])
def test_other_names_for_this_machine_are_refused(host: str, client: TestClient) -> None:
    for path in ("/", "/api/slides", "/slides/x/slide.json", "/healthz"):
        answer = client.get(path, headers={"host": host})
        assert answer.status_code == 421
        assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:9000", "[::1]:8080", "LOCALHOST"])
def test_the_names_of_this_machine_are_answered(host: str, client: TestClient) -> None:
    assert client.get("/healthz", headers={"host": host}).status_code == 200


def test_head_is_answered_wherever_get_is(client: TestClient) -> None:
    for path in ("/", "/api/slides", "/healthz", "/api/openapi.json"):
        answer = client.head(path)
        assert answer.status_code == 200
        assert int(answer.headers["content-length"]) == len(client.get(path).content)
        assert not answer.content


def test_one_name_that_no_key_can_have_does_not_hide_the_others(
    served: Served, slides: Path
) -> None:
    deep = slides.joinpath(*["x" * 200] * 6)
    deep.mkdir(parents=True)
    (deep / "a.svs").write_bytes(b"anything")
    said: list[str] = []
    served.scan(said.append)
    assert any("a.svs: imported" in line for line in said)


def test_a_scan_that_fails_is_tried_again(
    served: Served, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    stop = threading.Event()
    scans: list[int] = []

    def scan(*_arguments: object) -> None:
        scans.append(1)
        if len(scans) == 2:
            stop.set()
        message = "no such luck"
        raise RuntimeError(message)

    monkeypatch.setattr(served, "scan", scan)
    monkeypatch.setattr(serve, "RESCAN_SECONDS", 0.0)
    served.watch(stop, print)
    assert len(scans) == 2
    assert "no such luck" in caplog.text


def test_a_scan_ends_when_told_to(served: Served) -> None:
    stop = threading.Event()
    stop.set()
    said: list[str] = []
    served.scan(said.append, stop)
    assert said == []


def test_a_head_request_is_answered_without_a_body(client: TestClient) -> None:
    (item,) = client.get("/api/slides?state=imported").json()["items"]
    answer = client.head(item["links"]["thumbnail"])
    assert answer.status_code == 200
    assert int(answer.headers["content-length"]) > 100
    assert not answer.content


def test_a_second_scan_finds_nothing_to_do_and_a_later_one_what_changed(
    served: Served, slides: Path
) -> None:
    said: list[str] = []
    served.scan(said.append)
    assert len(said) == 2
    said.clear()
    served.scan(said.append)
    assert said == []
    shutil.copy(slides / "case 1" / "a.svs", slides / "b.svs")
    (slides / "case 1" / "a.svs").unlink()
    served.scan(said.append)
    assert any(re.search(r"b\.svs: imported", line) for line in said)
    assert any("a.svs: failed" in line and "no longer there" in line for line in said)


def test_an_older_index_is_made_anew_once_however_many_ask(
    served: Served, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    items = {item["filename"]: item for item in client.get("/api/slides").json()["items"]}
    slide = items["a.svs"]["id"]
    key = f"derived/{slide}/index.bin"
    content = served._store.read(key)
    served._store.write(key, content[:7] + b"\x01" + content[8:])
    run, runs = served._importer.run, []

    def counted(*rest: Any, **named: Any) -> Outcome:
        runs.append(rest)
        return run(*rest, **named)

    monkeypatch.setattr(served._importer, "run", counted)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: client.get(f"/slides/{slide}/slide.json"), range(8)))
    assert {one.status_code for one in found} == {200}
    assert len(runs) == 1


def test_a_restart_keeps_what_was_imported(served: Served, slides: Path, tmp_path: Path) -> None:
    served.scan(print)
    again = Served(slides, tmp_path / "cache", show_labels=False)
    said: list[str] = []
    again.scan(said.append)
    again.close()
    assert said == []


def test_names_in_decomposed_unicode_are_served(
    slides: Path, tmp_path: Path, app_folder: Path
) -> None:
    assert app_folder.is_dir()
    name = unicodedata.normalize("NFD", "Präparat.svs")
    shutil.copy(slides / "case 1" / "a.svs", slides / name)
    served = Served(slides, tmp_path / "cache", show_labels=False)
    served.scan(print)
    client = TestClient(served.app, base_url=HERE)
    names = [item["filename"] for item in client.get("/api/slides?state=imported").json()["items"]]
    assert "Präparat.svs" in names
    served.close()


def test_a_missing_web_app_says_how_to_make_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("importlib.resources.files", lambda _name: tmp_path / "a" / "b")
    with pytest.raises(SettingsError, match="make web"):
        web.web_folder()


def test_a_cache_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    cache = tmp_path / "file" / "cache"
    with pytest.raises(SettingsError, match=r"cannot be made.*--cache"):
        serve_folder(tmp_path, host="127.0.0.1", port=0, cache=cache, show_labels=False)
