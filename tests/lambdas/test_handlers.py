"""The handlers as AWS calls them: events in, answers out, settings from the environment."""

import asyncio
import base64
import importlib
import json
import logging
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import boto3
import pytest
from sqlalchemy import Engine

from labsight import keys
from labsight.catalog import Catalog
from labsight.errors import SettingsError
from labsight.objects import metadata
from local.moto_server import embedded_aws
from tests.support.made_slides import make_svs

BUCKET = "archive"
Start = Callable[[str], ModuleType]


@pytest.fixture(autouse=True)
def event_loop() -> Iterator[None]:
    """Gives Mangum the event loop of Lambda's main thread; it would leave one of its own open."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield
    asyncio.set_event_loop(None)
    loop.close()


@pytest.fixture
def function() -> Iterator[Start]:
    """Starts functions anew, as Lambda does: their settings are read when they start."""
    started: list[ModuleType] = []

    def start(name: str) -> ModuleType:
        module = f"lambdas.{name}.handler"
        sys.modules.pop(module, None)
        started.append(importlib.import_module(module))
        return started[-1]

    yield start
    for module in started:
        if hasattr(module, "_catalog"):
            module._catalog.close()


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch, postgres: str, tmp_path: Path) -> Iterator[Any]:
    settings = {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
        "LABSIGHT_ARCHIVE_BUCKET": BUCKET,
        "LABSIGHT_DATABASE_URL": postgres,
        "TMPDIR": str(tmp_path),
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    with embedded_aws() as endpoint:  # tiles are read without boto3, which a mock would replace
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
        client = boto3.client("s3")
        client.create_bucket(Bucket=BUCKET)
        yield client
        client.close()


def message(number: int, body: object) -> dict[str, str]:
    return {"messageId": str(number), "body": body if isinstance(body, str) else json.dumps(body)}


def created(key: str) -> dict[str, object]:
    detail = {"bucket": {"name": BUCKET}, "object": {"key": key}}
    return {"detail-type": "Object Created", "detail": detail}


def request(
    path: str, method: str = "GET", query: str = "", groups: str = "[viewer]"
) -> dict[str, Any]:
    return {
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": query,
        "headers": {"Host": "example"},
        "requestContext": {
            "http": {"method": method, "path": path, "sourceIp": "127.0.0.1"},
            "authorizer": {"jwt": {"claims": {"cognito:groups": groups}}},
        },
        "isBase64Encoded": False,
    }


def test_a_slide_goes_from_an_event_to_a_tile(
    s3: Any,
    empty_database: Engine,
    tmp_path: Path,
    function: Start,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def sign_in_as(user: str) -> None:
        url = empty_database.url.set(username=user).render_as_string(hide_password=False)
        monkeypatch.setenv("LABSIGHT_DATABASE_URL", url)

    migrate = function("migrate")
    master = {"master": {"username": "labsight_admin", "password": "unused"}}
    assert migrate.handle(master, None) == migrate.handle(master, None)
    sign_in_as("labsight_writer")
    importer = function("importer")
    key = "slides/lab/a b.svs"
    s3.upload_file(str(make_svs(tmp_path / "a.svs")), BUCKET, key)
    event = {"Records": [message(1, created(key))]}
    for _ in range(2):
        assert importer.handle(event, None) == {"batchItemFailures": []}

    sign_in_as("labsight_reader")
    listed = function("catalog").handle(request("/api/slides", query="limit=5"), None)
    assert listed["statusCode"] == 200
    (item,) = json.loads(listed["body"])["items"]
    assert item["filename"] == "a b.svs"

    tiles = function("tiles")
    answer = tiles.handle(request(f"/slides/{item['id']}/tiles/0/0_0.jpg"), None)
    assert answer["statusCode"] == 200
    assert answer["headers"]["x-labsight-path"] == "stored"
    assert answer["isBase64Encoded"] is True
    assert base64.b64decode(answer["body"])[:2] == b"\xff\xd8"
    described = tiles.handle(request(f"/slides/{item['id']}/slide.json"), None)
    assert json.loads(described["body"])["width"] == 1000
    label = tiles.handle(request(f"/slides/{item['id']}/label.jpg"), None)
    assert label["statusCode"] == 403


def test_one_bad_message_goes_back_alone(
    s3: Any,
    catalog: Catalog,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    function: Start,
) -> None:
    s3.upload_file(str(make_svs(tmp_path / "a.svs")), BUCKET, "slides/lab/a.svs")
    s3.put_object(Bucket=BUCKET, Key="slides/lab/bad.svs", Body=b"not a slide")
    event = {
        "Records": [
            message(1, "not json"),
            message(2, created("slides/lab/a.svs")),
            message(3, created("slides/lab/bad.svs")),
            message(4, created("derived/x/thumbnail.jpg")),
            message(5, {"Event": "s3:TestEvent"}),
            message(6, created("slides/lab/deleted.svs")),
        ]
    }
    with caplog.at_level(logging.CRITICAL):
        answer = function("importer").handle(event, None)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "1"}]}
    states = {row.path: (row.import_state, row.failure_kind) for row in catalog.slides().slides}
    assert states == {
        "a.svs": ("imported", None),
        "bad.svs": ("failed", "not-a-slide"),
        "deleted.svs": ("failed", "missing"),
    }


def test_an_older_event_that_comes_late_changes_nothing(
    s3: Any, catalog: Catalog, tmp_path: Path, function: Start
) -> None:
    key = "slides/lab/a.svs"
    s3.upload_file(str(make_svs(tmp_path / "a.svs")), BUCKET, key)
    importer = function("importer")
    importer.handle({"Records": [message(1, created(key))]}, None)
    before = catalog.slide(keys.slide_id(key))
    older = created(key) | {"time": "2020-01-01T00:00:00Z"}
    importer.handle({"Records": [message(2, older), message(3, older)]}, None)
    assert catalog.slide(keys.slide_id(key)).updated_at == before.updated_at


def test_parts_are_passed_over_and_a_message_may_ask_again(
    s3: Any, catalog: Catalog, tmp_path: Path, caplog: pytest.LogCaptureFixture, function: Start
) -> None:
    key, part, unit = "slides/lab/a.svs", "slides/lab/s1/a.dat", "slides/lab/s1/unit.json"
    s3.upload_file(str(make_svs(tmp_path / "a.svs")), BUCKET, key)
    s3.put_object(Bucket=BUCKET, Key=part, Body=b"x", Metadata=metadata.of_part(unit))
    importer = function("importer")
    etag = s3.head_object(Bucket=BUCKET, Key=key)["ETag"].strip('"')
    catalog.record(key, "importer", etag=etag, import_state="failed", failure_reason="of old")
    events = [created(key), created(part), created(key) | {"again": True}]
    with caplog.at_level(logging.INFO):
        for number, event in enumerate(events):
            answer = importer.handle({"Records": [message(number, event)]}, None)
            assert answer == {"batchItemFailures": []}
    told = [one.getMessage() for one in caplog.records if one.name.startswith("lambdas.importer")]
    assert told == [
        f"{key}: failed of old",
        f"{part}: passed over, part of {unit}",
        f"{key}: imported ",
    ]
    assert [row.key for row in catalog.slides().slides] == [key]


def test_a_database_that_is_away_sends_the_message_back(
    s3: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, function: Start
) -> None:
    monkeypatch.setenv("LABSIGHT_DATABASE_URL", "postgresql+psycopg://x@/x?host=/nowhere")
    s3.put_object(Bucket=BUCKET, Key="slides/lab/a.svs", Body=b"x")
    with caplog.at_level(logging.CRITICAL):
        answer = function("importer").handle(
            {"Records": [message(7, created("slides/lab/a.svs"))]}, None
        )
    assert answer == {"batchItemFailures": [{"itemIdentifier": "7"}]}


NEEDED = {
    "importer": ("LABSIGHT_ARCHIVE_BUCKET", "LABSIGHT_DATABASE_URL"),
    "tiles": ("LABSIGHT_ARCHIVE_BUCKET",),
    "slide_files": ("LABSIGHT_ARCHIVE_BUCKET",),
    "catalog": ("LABSIGHT_DATABASE_URL",),
    "migrate": ("LABSIGHT_DATABASE_URL",),
}


@pytest.mark.parametrize(
    ("name", "variable"), [(name, one) for name, all_ in NEEDED.items() for one in all_]
)
@pytest.mark.usefixtures("s3")
def test_a_function_does_not_start_without_a_setting_it_needs(
    name: str, variable: str, monkeypatch: pytest.MonkeyPatch, function: Start
) -> None:
    monkeypatch.delenv(variable)
    with pytest.raises(SettingsError, match=f"{variable} is not set"):
        function(name)


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("LABSIGHT_DATABASE_AUTH", "kerberos", "must be iam, password or none"),
        ("LABSIGHT_DATABASE_URL", "database", "a URL such as"),
        ("LABSIGHT_SCRATCH_BYTES", "1 GB", "must be a number of bytes"),
        ("LABSIGHT_LOG_LEVEL", "LOUD", "DEBUG, INFO"),
    ],
)
@pytest.mark.usefixtures("s3")
def test_a_wrong_setting_is_named(
    variable: str, value: str, said: str, monkeypatch: pytest.MonkeyPatch, function: Start
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError, match=said):
        function("importer")


def test_the_catalog_answers_nobody_without_a_role(
    monkeypatch: pytest.MonkeyPatch, function: Start
) -> None:
    monkeypatch.setenv("LABSIGHT_DATABASE_URL", "postgresql+psycopg://x@/x?host=/nowhere")
    answer = function("catalog").handle(request("/api/slides", groups="[guests]"), None)
    assert answer["statusCode"] == 403
    assert answer["headers"]["content-type"] == "application/problem+json"


@pytest.mark.usefixtures("catalog")
def test_labels_are_shown_where_the_setting_says_so(
    s3: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, function: Start
) -> None:
    monkeypatch.setenv("LABSIGHT_SHOW_LABELS", "true")
    key = "slides/lab/a.svs"
    s3.upload_file(str(make_svs(tmp_path / "a.svs")), BUCKET, key)
    function("importer").handle({"Records": [message(1, created(key))]}, None)
    path = f"/slides/{keys.slide_id(key)}/label.jpg"
    assert function("tiles").handle(request(path), None)["statusCode"] == 200


def test_health_is_answered_without_a_database(
    monkeypatch: pytest.MonkeyPatch, function: Start
) -> None:
    monkeypatch.setenv("LABSIGHT_DATABASE_URL", "postgresql+psycopg://x@/x?host=/nowhere")
    answer = function("catalog").handle(request("/healthz"), None)
    assert json.loads(answer["body"]) == {"status": "ok"}
