"""The embedded AWS: moto's server on the loopback address, in this process."""

import logging
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from moto.events.models import events_backends
from moto.moto_server.threaded_moto_server import ThreadedMotoServer
from moto.s3.models import s3_backends
from moto.secretsmanager.models import secretsmanager_backends
from moto.sqs.models import sqs_backends

from local import moto_patches

if TYPE_CHECKING:  # the stubs are a development dependency
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

ACCOUNT = "123456789012"  # the account that moto pretends to be


class Cloud:
    """The embedded AWS as its callers see it: an endpoint, a region and clients for them."""

    def __init__(self, endpoint: str, region: str) -> None:
        self.endpoint = endpoint
        self.region = region
        self._session = boto3.session.Session(
            aws_access_key_id="local",
            aws_secret_access_key="local",  # noqa: S106  moto takes any
            region_name=region,
        )
        self._config = Config(max_pool_connections=32, retries={"total_max_attempts": 2})
        self._making_clients = threading.Lock()

    @property
    def environment(self) -> Mapping[str, str]:
        """What a child process needs so that its AWS clients reach this cloud and no other."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_CONFIG_FILE": os.devnull,  # what this machine knows of real accounts
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }

    @cached_property
    def s3(self) -> "S3Client":
        """A client for buckets and objects."""
        with self._making_clients:
            return self._session.client("s3", endpoint_url=self.endpoint, config=self._config)

    @cached_property
    def sqs(self) -> "SQSClient":
        """A client for queues."""
        with self._making_clients:
            return self._session.client("sqs", endpoint_url=self.endpoint, config=self._config)

    @cached_property
    def events(self) -> "EventBridgeClient":
        """A client for rules and their targets."""
        with self._making_clients:
            return self._session.client("events", endpoint_url=self.endpoint, config=self._config)

    @cached_property
    def secrets(self) -> Any:
        """A client for secrets."""
        with self._making_clients:
            return self._session.client(
                "secretsmanager", endpoint_url=self.endpoint, config=self._config
            )


@contextmanager
def embedded_aws() -> Iterator[str]:
    """Serve an empty AWS until the block ends; yield its endpoint."""
    moto_patches.apply()
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # it would log each request
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.stop()
        if server._server is not None:  # noqa: SLF001
            server._server.server_close()  # noqa: SLF001  stop() leaves the port open
        forget_everything()


def forget_everything() -> None:
    """Drop all buckets, queues, rules, secrets: they belong to the process, not to one server."""
    s3_backends.reset()
    secretsmanager_backends.reset()
    sqs_backends.reset()
    events_backends.reset()
