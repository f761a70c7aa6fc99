"""`labsight sync` in a process of its own, between a folder and a stand-in for S3."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from labsight.keys import SlideKey
from tests.lab.support import LONG_AGO, tiff, write
from tests.support.repository import ROOT
from tests.support.s3_server import S3
from tests.support.s3_state import READING

BUCKET, SOURCE = "archive", "scanner-1"
_SECONDS = 120.0  # in which any run here has to end


@dataclass(frozen=True)
class Ended:
    """A run that is over: what it answered, said and, where asked, told as JSON."""

    code: int
    out: str
    err: str

    @property
    def told(self) -> dict[str, Any]:
        """The JSON document."""
        document: dict[str, Any] = json.loads(self.out)
        return document


@dataclass
class Lab:
    """A folder that is sent to a server; ``wishes`` as in sync_program."""

    s3: S3
    home: Path
    wishes: dict[str, Any] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        return self.home / "slides"

    @property
    def journal(self) -> Path:
        return self.home / "journal.sqlite"

    def add(self, name: str, data: bytes | None = None, mtime: float = LONG_AGO) -> bytes:
        """Write a slide, and return its bytes."""
        data = slide(seed=len(name)) if data is None else data
        write(self.folder / name, data, mtime)
        return data

    def key(self, name: str, revision: int = 1) -> str:
        """Return where a file goes."""
        return str(SlideKey(SOURCE, name, revision))

    def run(self, *options: str) -> Ended:
        """Run once and wait for the end."""
        return _ended(self.start("--once", "--json", *options))

    def start(self, *options: str) -> "subprocess.Popen[str]":
        """Begin a run."""
        self.folder.mkdir(parents=True, exist_ok=True)
        return self._begin("sync", str(self.folder), *options)

    def verify(self, *options: str) -> Ended:
        """Compare what was sent with what the archive holds."""
        return _ended(self._begin("verify", "--folder", str(self.folder), "--json", *options))

    def _begin(self, *arguments: str) -> "subprocess.Popen[str]":
        command = [sys.executable, "-m", "tests.support.sync_program", json.dumps(self.wishes)]
        command += [*arguments, "--bucket", BUCKET, "--source", SOURCE]
        command += ["--endpoint-url", self.s3.url, "--journal", str(self.journal)]
        return subprocess.Popen(
            command,
            cwd=ROOT,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            start_new_session=True,
        )

    @contextmanager
    def watching(self, *options: str) -> "Iterator[subprocess.Popen[str]]":
        """Watch the folder while the block runs."""
        process = self.start("--watch", *options)
        try:
            yield process
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.communicate(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()
                raise

    def arrived(self) -> dict[str, bytes]:
        """Return what the archive holds, by key."""
        return {key: stored.read() for key, stored in self.s3.objects(BUCKET).items()}

    def check_manners(self) -> None:
        """Fail if anything was read, listed, deleted, or made where something could have been."""
        assert not READING & self.s3.requests.keys() - {"HeadObject"}
        assert self.s3.unguarded == []

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        return kept | {
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "HOME": str(self.home),
            "XDG_STATE_HOME": str(self.home / "state"),
            "XDG_CONFIG_HOME": str(self.home / "config"),
            "PYTHONUNBUFFERED": "1",
        }


def _ended(process: "subprocess.Popen[str]") -> Ended:
    try:
        out, err = process.communicate(timeout=_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise
    return Ended(process.returncode, out, err)


def kill(process: "subprocess.Popen[str]") -> None:
    """End a run as a power cut does."""
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def slide(*, seed: int = 0, side: int = 48) -> bytes:
    """Return a small slide that is whole."""
    return tiff(seed=seed, side=side)
