"""The two functions that serve tiles: one reads by range and asks the other for the rest."""

import base64
import importlib
import io
import json
import sys
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest

from labsight.errors import SettingsError
from labsight.keys import slide_id
from labsight.slides.import_queue import ImportQueue
from labsight.slides.notices import created_keys
from labsight.tiles import forward
from local.moto_server import Cloud, embedded_aws
from tests.support.file_bound import put_slide

BUCKET = "archive"
Start = Callable[[str], ModuleType]


class Lambda:
    """Invoke over a handler in this process."""

    def __init__(self, handle: Callable[[Any, Any], Any]) -> None:
        self._handle = handle
        self.events: list[Any] = []

    def invoke(self, *, FunctionName: str, InvocationType: str, Payload: bytes) -> Any:  # noqa: N803
        assert (FunctionName, InvocationType) == ("slide-files-1a2b", "RequestResponse")
        self.events.append(json.loads(Payload))
        answer = json.dumps(self._handle(self.events[-1], None)).encode()
        return {"StatusCode": 200, "Payload": io.BytesIO(answer)}


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    with embedded_aws() as endpoint:
        yield Cloud(endpoint, "eu-central-1")


@pytest.fixture(scope="module")
def slide(cloud: Cloud) -> str:
    where = {"LocationConstraint": cloud.region}
    cloud.s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration=where)  # type: ignore[arg-type]
    return put_slide(cloud.s3, BUCKET)


@pytest.fixture
def start(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> Start:
    """Starts a function anew, as Lambda does: its settings are read when it starts."""
    settings = {
        **cloud.environment,
        "LABSIGHT_ARCHIVE_BUCKET": BUCKET,
        "LABSIGHT_SCRATCH_FOLDER": str(tmp_path_factory.mktemp("copies")),
        "LABSIGHT_SCRATCH_BYTES": str(1 << 30),
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)

    def started(name: str) -> ModuleType:
        sys.modules.pop(f"lambdas.{name}.handler", None)
        return importlib.import_module(f"lambdas.{name}.handler")

    return started


@pytest.fixture
def asked(start: Start, monkeypatch: pytest.MonkeyPatch) -> tuple[ModuleType, Lambda]:
    """Return the range function, which asks the file function, and who carries its calls."""
    calls = Lambda(start("slide_files").handle)
    monkeypatch.setenv("LABSIGHT_FILE_FUNCTION", "slide-files-1a2b")
    monkeypatch.setattr(forward, "_client", lambda: calls)
    return start("tiles"), calls


def request(path: str, method: str = "GET", query: str = "", **headers: str) -> dict[str, Any]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return {
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": query,
        "headers": {"host": "function.lambda-url", **named},
        "requestContext": {"http": {"method": method, "path": path}},
    }


def test_tiles_of_a_file_bound_slide_come_from_the_other_function(
    asked: tuple[ModuleType, Lambda], slide: str
) -> None:
    tiles, calls = asked
    described = json.loads(tiles.handle(request(f"/slides/{slide}/slide.json"), None)["body"])
    query = f"v={described['version']}"
    answer = tiles.handle(request(f"/slides/{slide}/tiles/0/0_0.jpg", query=query), None)
    assert answer["statusCode"] == 200, answer["body"]
    assert answer["headers"]["content-type"] == "image/jpeg"
    assert answer["headers"]["x-labsight-path"] == "decoded"
    assert base64.b64decode(answer["body"])[:2] == b"\xff\xd8"
    assert len(calls.events) == 1
    etag = answer["headers"]["etag"]
    again = tiles.handle(
        request(f"/slides/{slide}/tiles/0/0_0.jpg", query=query, if_none_match=etag), None
    )
    assert again["statusCode"] == 304
    assert len(calls.events) == 1


def test_what_the_index_tells_needs_no_other_function(
    asked: tuple[ModuleType, Lambda], slide: str
) -> None:
    tiles, calls = asked
    described = tiles.handle(request(f"/slides/{slide}/slide.json"), None)
    assert json.loads(described["body"])["width"] == 1024
    assert calls.events == []


def test_the_other_function_s_refusals_are_passed_on_as_they_are(
    asked: tuple[ModuleType, Lambda], slide: str, cloud: Cloud
) -> None:
    tiles, _ = asked
    key = "slides/lab/case 1/scan_0.jpg"
    content = cloud.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
    cloud.s3.put_object(Bucket=BUCKET, Key=key, Body=b"another")
    try:
        answer = tiles.handle(request(f"/slides/{slide}/tiles/0/1_0.jpg"), None)
    finally:
        cloud.s3.put_object(Bucket=BUCKET, Key=key, Body=content)
    assert answer["statusCode"] == 503
    assert "has changed" in json.loads(answer["body"])["detail"]


def test_made_tiles_are_kept_and_not_asked_for_again(
    start: Start,
    slide: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LABSIGHT_KEEP_TILES", "true")
    monkeypatch.setenv("LABSIGHT_FILE_FUNCTION", "slide-files-1a2b")
    calls = Lambda(start("slide_files").handle)
    monkeypatch.setattr(forward, "_client", lambda: calls)
    for way in ("decoded", "cached"):
        answer = start("tiles").handle(request(f"/slides/{slide}/tiles/1/0_0.jpg"), None)
        assert (answer["statusCode"], answer["headers"]["x-labsight-path"]) == (200, way)
    assert len(calls.events) == 1


def test_the_file_function_does_not_start_without_its_bucket(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LABSIGHT_ARCHIVE_BUCKET")
    with pytest.raises(SettingsError, match="LABSIGHT_ARCHIVE_BUCKET is not set"):
        start("slide_files")


def test_a_slide_whose_index_is_of_another_release_is_imported_again(
    start: Start, slide: str, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Making this one's index takes the files, which this function has not."""
    key = f"derived/{slide}/index.bin"
    content = cloud.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
    cloud.s3.put_object(Bucket=BUCKET, Key=key, Body=content[:7] + b"\x01" + content[8:])
    tiles = start("tiles")
    sent: list[str] = []

    class Queue:
        def send_message(self, **message: str) -> None:
            sent.append(message["MessageBody"])

    monkeypatch.setattr(tiles, "_imports", ImportQueue("https://queue", Queue()))
    try:
        for _ in range(2):
            answer = tiles.handle(request(f"/slides/{slide}/slide.json"), None)
            assert answer["statusCode"] == 503
            assert "imported again" in json.loads(answer["body"])["detail"]
    finally:
        cloud.s3.put_object(Bucket=BUCKET, Key=key, Body=content)
    (body,) = sent
    assert [slide_id(one) for one in created_keys(body)] == [slide]
