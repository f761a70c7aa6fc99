"""A stand-in for S3 on this machine, and an environment without anybody's own AWS settings."""

import logging
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest
from moto.server import ThreadedMotoServer

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_buckets = count(1)


@pytest.fixture(scope="session")
def s3_address() -> Iterator[str]:
    """Where S3 is."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(autouse=True)
def no_settings_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No `labsight.toml` of whoever runs the tests is read."""
    monkeypatch.delenv("LABSIGHT_CONFIG", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Credentials for the stand-in, and nothing else from outside the test."""
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": str(tmp_path / "no-config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "no-credentials"),
        "AWS_EC2_METADATA_DISABLED": "true",
        "XDG_STATE_HOME": str(tmp_path / "state"),
        "LOCALAPPDATA": str(tmp_path / "state"),
        "HOME": str(tmp_path / "home"),
    }.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def s3(aws: None, s3_address: str) -> "Iterator[S3Client]":  # noqa: ARG001 - credentials first
    """A client that may do everything, to look at what arrived."""
    client = boto3.client("s3", endpoint_url=s3_address)
    yield client
    client.close()


@pytest.fixture
def bucket(s3: "S3Client") -> str:
    """An empty bucket of the test's own."""
    name = f"archive-{next(_buckets)}"
    s3.create_bucket(Bucket=name)
    return name
