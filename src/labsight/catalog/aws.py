"""The AWS services that set a database up and let it go, with the rights that Lambda gives."""

from typing import Any

import boto3
from botocore.config import Config

# Longer than any function runs, and once: a second call would run beside the first.
_PATIENT = Config(read_timeout=905, retries={"total_max_attempts": 1})


def secrets() -> Any:
    """Return a client of Secrets Manager."""
    return boto3.client("secretsmanager")


def functions() -> Any:
    """Return a client of Lambda that waits for whatever a function takes."""
    return boto3.client("lambda", config=_PATIENT)


def databases() -> Any:
    """Return a client of RDS."""
    return boto3.client("rds")
