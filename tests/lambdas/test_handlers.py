"""The handlers as AWS calls them: events in, answers out, settings from the environment."""

import base64
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws
from sqlalchemy import Engine

from labsight import keys
from labsight.catalog import Catalog
from labsight.errors import SettingsError
from lambdas.catalog import handler as catalog_function
from lambdas.importer import handler as importer_function
from lambdas.migrate import handler as migrate_function
from lambdas.tiles import handler as tiles_function
from tests.support.made_slides import make_svs

BUCKET = "archive"
CATALOGS = (importer_function._catalog, catalog_function._catalog)
CACHES = (
    importer_function._importer,
    tiles_function._service,
    catalog_function._application,
    *CATALOGS,
)


@pytest.fixture(autouse=True)
def fresh_functions() -> Iterator[None]:
    """Start each test with functions that have read no settings yet."""
    yield
    for catalog in CATALOGS:
        if catalog.cache_info().currsize:
            catalog().close()
    for function in CACHES:
        function.cache_clear()


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
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(Bucket=BUCKET)
        yield client
        client.close()


def message(number: int, body: object) -> dict[str, str]:
    return {"messageId": str(number), "body": body if isinstance(body, str) else json.dumps(body)}


def created(key: str) -> dict[str, object]:
    detail = {"bucket": {"name": BUCKET}, "object": {"key": key}}
    return {"detail-type": "Object Created", "detail": detail}


def request(path: str, method: str = "GET", query: str = "") -> dict[str, Any]:
    return {
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": query,
        "headers": {"Host": "example"},
        "requestContext": {"http": {"method": method, "path": path, "sourceIp": "127.0.0.1"}},
        "isBase64Encoded": False,
    }


def test_a_slide_goes_from_an_event_to_a_tile(
    s3: Any, empty_database: Engine, tmp_path: Path
) -> None:
    assert empty_database.dialect.name == "postgresql"
    assert migrate_function.handle({}, None) == migrate_function.handle({}, None)
    key = "slides/lab/a b.svs"
    s3.upload_file(str(make_svs(tmp_path / "a.svs")), BUCKET, key)
    event = {"Records": [message(1, created(key))]}
    assert importer_function.handle(event, None) == {"batchItemFailures": []}
    assert importer_function.handle(event, None) == {"batchItemFailures": []}

    listed = catalog_function.handle(request("/api/slides", query="limit=5"), None)
    assert listed["statusCode"] == 200
    (item,) = json.loads(listed["body"])["items"]
    assert item["filename"] == "a b.svs"

    answer = tiles_function.handle(request(f"/slides/{item['id']}/tiles/0/0_0.jpg"), None)
    assert answer["statusCode"] == 200
    assert answer["headers"]["x-labsight-path"] == "stored"
    assert answer["isBase64Encoded"] is True
    assert base64.b64decode(answer["body"])[:2] == b"\xff\xd8"
    described = tiles_function.handle(request(f"/slides/{item['id']}/slide.json"), None)
    assert json.loads(described["body"])["width"] == 1000
    label = tiles_function.handle(request(f"/slides/{item['id']}/label.jpg"), None)
    assert label["statusCode"] == 403


def test_one_bad_message_goes_back_alone(
    s3: Any, catalog: Catalog, tmp_path: Path, caplog: pytest.LogCaptureFixture
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
        answer = importer_function.handle(event, None)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "1"}]}
    states = {row.path: (row.import_state, row.failure_kind) for row in catalog.slides().slides}
    assert states == {
        "a.svs": ("imported", None),
        "bad.svs": ("failed", "not-a-slide"),
        "deleted.svs": ("failed", "missing"),
    }


def test_an_older_event_that_comes_late_changes_nothing(
    s3: Any, catalog: Catalog, tmp_path: Path
) -> None:
    key = "slides/lab/a.svs"
    s3.upload_file(str(make_svs(tmp_path / "a.svs")), BUCKET, key)
    event = {"Records": [message(1, created(key))]}
    importer_function.handle(event, None)
    before = catalog.slide(keys.slide_id(key))
    older = created(key) | {"time": "2020-01-01T00:00:00Z"}
    importer_function.handle({"Records": [message(2, older), message(3, older)]}, None)
    assert catalog.slide(keys.slide_id(key)).updated_at == before.updated_at


def test_a_database_that_is_away_sends_the_message_back(
    s3: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    assert s3
    monkeypatch.setenv("LABSIGHT_DATABASE_URL", "postgresql+psycopg://x@/x?host=/nowhere")
    s3.put_object(Bucket=BUCKET, Key="slides/lab/a.svs", Body=b"x")
    with caplog.at_level(logging.CRITICAL):
        answer = importer_function.handle(
            {"Records": [message(7, created("slides/lab/a.svs"))]}, None
        )
    assert answer == {"batchItemFailures": [{"itemIdentifier": "7"}]}


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("LABSIGHT_ARCHIVE_BUCKET", "", "LABSIGHT_ARCHIVE_BUCKET is not set"),
        ("LABSIGHT_DATABASE_URL", "", "LABSIGHT_DATABASE_URL is not set"),
        ("LABSIGHT_DATABASE_AUTH", "password", "must be iam or none"),
        ("LABSIGHT_SCRATCH_BYTES", "1 GB", "must be a number of bytes"),
        ("LABSIGHT_LOG_LEVEL", "LOUD", "DEBUG, INFO"),
    ],
)
def test_a_wrong_setting_is_named(
    variable: str, value: str, said: str, s3: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert s3
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError, match=said):
        importer_function.handle({"Records": []}, None)


def test_labels_are_shown_where_the_setting_says_so(
    s3: Any, catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert catalog
    monkeypatch.setenv("LABSIGHT_SHOW_LABELS", "true")
    key = "slides/lab/a.svs"
    s3.upload_file(str(make_svs(tmp_path / "a.svs")), BUCKET, key)
    importer_function.handle({"Records": [message(1, created(key))]}, None)
    path = f"/slides/{keys.slide_id(key)}/label.jpg"
    assert tiles_function.handle(request(path), None)["statusCode"] == 200


def test_health_is_answered_without_a_database(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LABSIGHT_DATABASE_URL", "postgresql+psycopg://x@/x?host=/nowhere")
    answer = catalog_function.handle(request("/healthz"), None)
    assert json.loads(answer["body"]) == {"status": "ok"}
