"""The tiny program and what runs it: an embedded AWS, a place to unpack, a log to read."""

import io
import warnings
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import AbstractContextManager
from pathlib import Path

import pulumi_aws
import pytest

from local import ports
from local.configuration import Stack, load_stack
from local.declared import Deployment
from local.deploy import deploy
from local.making import Site
from local.moto_server import Cloud, embedded_aws, forget_everything
from local.start import Platform, running
from local.steps import Steps

with warnings.catch_warnings():
    # The first look into a service imports it, and some warn of old classes that nobody here uses.
    warnings.simplefilter("ignore", DeprecationWarning)
    LOADED = (
        pulumi_aws.apigatewayv2.Api,
        pulumi_aws.cloudwatch.EventRule,
        pulumi_aws.iam.Role,
        pulumi_aws.lambda_.Function,
        pulumi_aws.s3.Bucket,
        pulumi_aws.sqs.Queue,
    )

TINY = Path(__file__).parent / "programs" / "tiny"
ADDRESS = "http://127.0.0.1:8080"


def tiny(fault: str = "") -> Stack:
    return load_stack(TINY, "dev", {"fault": fault} if fault else {})


def run_tiny(fault: str, out: io.StringIO, log: io.StringIO) -> AbstractContextManager[Platform]:
    no_database: Future[None] = Future()
    no_database.set_result(None)
    return running(tiny(fault), ports.claim(0), no_database, None, Steps(out, log))


@pytest.fixture(scope="session")
def _served() -> Iterator[Cloud]:
    with embedded_aws() as endpoint:
        yield Cloud(endpoint, "eu-central-1")


@pytest.fixture
def cloud(_served: Cloud) -> Iterator[Cloud]:
    """An embedded AWS that is empty at the start of each test."""
    forget_everything()
    yield _served
    forget_everything()


@pytest.fixture(scope="module")
def deployment(_served: Cloud) -> Deployment:
    """The tiny program, as it was declared; nothing of it exists any more."""
    forget_everything()
    made = deploy(tiny(), Site(_served, ADDRESS))
    forget_everything()
    return made
