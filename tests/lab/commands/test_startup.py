"""A command that has nothing to send loads nothing to send it with: run as people run it."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.lab.support import tiff, write
from tests.support.repository import ROOT

PROGRAM = """
import json, sys
from labsight_lab import cli
code = cli.main(sys.argv[2:])
with open(sys.argv[1], "w") as file:
    json.dump(sorted(sys.modules), file)
sys.exit(code)
"""
NETWORK = {"boto3", "botocore", "ssl", "http.client", "urllib.request", "asyncio", "watchfiles"}
HEAVY = NETWORK | {"rich", "numpy", "PIL", "openslide", "tifffile", "cryptography"}
SLOW = {"pydantic", "importlib.metadata", "typing_extensions"}
SETTINGS = "labsight_lab.settings.model"
COMMANDS = "labsight_lab.commands."
# What judges and sends; each loads the others that it needs.
SENDING = {
    f"labsight_lab.sync.{name}"
    for name in (
        *("judging", "finished.check", "finished.dicom", "finished.tiff"),
        *("sending.describing", "sending.sender", "sending.transfer", "sending.one_file"),
        *("sending.parts", "sending.memory", "sending.limits", "sending.s3"),
    )
} | {"labsight.objects.connections", "labsight.objects.http1"}

Loaded = tuple[int, str, set[str]]


@pytest.fixture
def labsight(tmp_path: Path) -> Callable[..., Loaded]:
    """Run the command by itself; return its exit code, what it said, and what it loaded."""
    environment = {n: v for n, v in os.environ.items() if not n.startswith(("AWS_", "LABSIGHT_"))}
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "LOCALAPPDATA"):
        environment[name] = str(tmp_path / "home")

    def run(*arguments: str) -> Loaded:
        modules = tmp_path / "modules.json"
        answer = subprocess.run(
            [sys.executable, "-c", PROGRAM, modules, *arguments],
            check=False,
            capture_output=True,
            text=True,
            cwd=ROOT,
            env=environment,
        )
        loaded = set(json.loads(modules.read_text(encoding="utf-8")))
        return answer.returncode, answer.stdout + answer.stderr, loaded

    return run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path / "slides" / "a.svs", tiff())
    return tmp_path / "slides"


TO = ("--bucket", "archive", "--source", "scanner-1")


def test_the_version_loads_next_to_nothing(labsight: Callable[..., Loaded]) -> None:
    code, said, loaded = labsight("--version")
    assert code == 0
    assert said.startswith("labsight ")
    assert loaded & (HEAVY | SLOW | {"sqlite3", SETTINGS}) == set()
    assert commands(loaded) == set()


@pytest.mark.parametrize("name", ["sync", "status", "serve"])
def test_help_loads_one_command_and_nothing_of_its_work(
    labsight: Callable[..., Loaded], name: str
) -> None:
    code, said, loaded = labsight(name, "--help")
    assert code == 0
    assert f"Usage: labsight {name}" in said
    assert commands(loaded) == {name}
    assert loaded & (HEAVY | SLOW | SENDING | {"sqlite3", "labsight_lab.sync", SETTINGS}) == set()


def commands(loaded: set[str]) -> set[str]:
    """The commands whose modules were loaded."""
    named = {name.removeprefix(COMMANDS) for name in loaded if name.startswith(COMMANDS)}
    return named - {"help", "options"}


def test_a_dry_run_loads_nothing_to_send_with(
    labsight: Callable[..., Loaded], folder: Path
) -> None:
    code, said, loaded = labsight("sync", str(folder), *TO, "--dry-run")
    assert code == 0
    assert "would send 1 file" in said
    assert loaded & (HEAVY | SLOW) == set()
    assert SETTINGS not in loaded


def test_a_settings_file_loads_what_reads_it_and_no_more(
    labsight: Callable[..., Loaded], folder: Path, tmp_path: Path
) -> None:
    code, *_ = labsight("init", "--yes", "--no-test", "--folder", str(folder), *TO)
    assert code == 0
    code, said, loaded = labsight("sync", "--dry-run")
    assert code == 0
    assert "would send 1 file" in said
    assert SETTINGS in loaded
    assert loaded & HEAVY == set()
    assert (tmp_path / "home" / "labsight" / "labsight.toml").is_file()


def test_nothing_new_needs_no_network(labsight: Callable[..., Loaded], tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    code, said, loaded = labsight("sync", str(tmp_path / "empty"), *TO)
    assert (code, said) == (0, "sent 0 files; 0 unchanged, 0 skipped\n")
    assert loaded & (HEAVY | SLOW | SENDING | {SETTINGS}) == set()
    assert commands(loaded) == {"sync"}
