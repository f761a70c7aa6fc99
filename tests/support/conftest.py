"""The stand-in for S3, and a client of it, for its own tests."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.support import s3_server
from tests.support.s3_clients import MIB, client_of
from tests.support.s3_server import S3

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@pytest.fixture
def s3() -> Iterator[S3]:
    with s3_server.serving("archive", least_part=MIB, page=2) as server:
        yield server


@pytest.fixture
def client(s3: S3) -> "Iterator[S3Client]":
    one = client_of(s3)
    yield one
    one.close()
