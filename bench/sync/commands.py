"""The command lines that are compared: each uploads a folder, or finds that nothing is new.

Peers with the settings that are best for them here. Plain HTTP makes boto3 and aws hash each body
for its signature, which they would not over TLS; where that matters, boto3 also runs unsigned.
"""

import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench.folders import PEERS_SYNC, NotMeasured
from labsight.keys import SLIDES

SOURCE = "scanner-1"
PREFIX = f"{SLIDES}{SOURCE}"  # of what labsight stores
_REGION = "us-east-1"


@dataclass(frozen=True)
class Place:
    """From where to where: a folder, an endpoint and a bucket; ``journal`` is labsight's alone."""

    folder: Path
    endpoint: str
    bucket: str
    journal: Path


Command = Callable[[Place], list[str]]


def variables(home: Path) -> dict[str, str]:
    """Return an environment with credentials, and with nothing of the user's own."""
    return {
        "AWS_ACCESS_KEY_ID": "bench",
        "AWS_SECRET_ACCESS_KEY": "bench",
        "AWS_DEFAULT_REGION": _REGION,
        "AWS_REGION": _REGION,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "HOME": str(home),
        "XDG_STATE_HOME": str(home),
        "XDG_CONFIG_HOME": str(home),
        "no_proxy": "127.0.0.1",
    }


def labsight(place: Place) -> list[str]:
    """Return our own."""
    command = [sys.executable, "-m", "labsight_lab", "sync", str(place.folder), "--once"]
    command += ["--bucket", place.bucket, "--source", SOURCE, "--endpoint-url", place.endpoint]
    return [*command, "--journal", str(place.journal)]


def aws(place: Place) -> list[str]:
    """Return `aws s3 sync` of the first aws."""
    command = [str(_peer("bin", "aws")), "--endpoint-url", place.endpoint, "s3", "sync"]
    target = f"s3://{place.bucket}/{PREFIX}/"
    return [*command, str(place.folder), target, "--only-show-errors"]


def s5cmd(place: Place) -> list[str]:
    """Return `s5cmd sync`; the program itself, and not the Python that starts it."""
    command = [str(_s5cmd()), "--endpoint-url", place.endpoint, "--log", "error", "sync"]
    return [*command, "--size-only", f"{place.folder}/", f"s3://{place.bucket}/{PREFIX}/"]


def rclone(place: Place) -> list[str]:
    """Return `rclone copy` with 64 files at a time, without looking at each afterwards."""
    program = shutil.which("rclone")
    if program is None:
        raise NotMeasured("rclone is not installed; as root: apt-get install rclone")
    command = [program, "--config", os.devnull, "--transfers", "64", "--checkers", "64"]
    command += ["--fast-list", "--size-only", "--s3-no-check-bucket", "--s3-no-head"]
    command += ["--s3-chunk-size", "16M", "--s3-upload-concurrency", "8"]
    command += ["--s3-provider", "Other", "--s3-env-auth", "--s3-region", _REGION]
    command += ["--s3-force-path-style", "--s3-endpoint", place.endpoint]
    return [*command, "copy", str(place.folder), f":s3:{place.bucket}/{PREFIX}"]


def boto3(place: Place) -> list[str]:
    """Return upload_file of boto3, ten parts at a time."""
    command = [str(_peer("bin", "python")), "-m", "bench.sync.peer_boto3", str(place.folder)]
    return [*command, place.endpoint, place.bucket, PREFIX]


def boto3_unsigned(place: Place) -> list[str]:
    """Return the same without signatures: no hash of each body."""
    return [*boto3(place), "--unsigned"]


def _peer(*parts: str) -> Path:
    found = PEERS_SYNC.joinpath(*parts)
    if not found.exists():
        raise NotMeasured("the peers are not installed: run `make bench-sync`, which does")
    return found


def _s5cmd() -> Path:
    found = next(PEERS_SYNC.glob("lib/python3.*/site-packages/s5cmd/bin/s5cmd"), None)
    return found or _peer("bin", "s5cmd")
