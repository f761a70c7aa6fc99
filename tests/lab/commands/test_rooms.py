"""The commands that look at what was sent hand on what they were told."""

import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from click import Command

from labsight_lab.commands.clean import clean
from labsight_lab.commands.register import register
from labsight_lab.commands.report import report
from labsight_lab.commands.status import status
from labsight_lab.commands.verify import verify
from labsight_lab.sync.target import Target

CODE = 1
SETTINGS = """
[archive]
bucket = "archive"
profile = "sender"

[folder]
path = "slides"
source = "scanner-1"

[catalog]
queue_url = "https://sqs.example/1/q"

[verify]
profile = "reader"
"""


@pytest.fixture
def run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[int, dict[str, Any]]]:
    """Run a command with a settings file; return its exit code and what its room was asked."""
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.delenv(name, raising=False)
    file = tmp_path / "labsight.toml"
    file.write_text(SETTINGS, encoding="utf-8")

    def run(
        command: Command, room: str, options: str, *arguments: str
    ) -> tuple[int, dict[str, Any]]:
        heard: dict[str, Any] = {}
        _put(monkeypatch, room, options, heard)
        with pytest.raises(SystemExit) as ended:
            command.main([*arguments, "--config", str(file)])
        return int(ended.value.code or 0), heard

    return run


def _put(monkeypatch: pytest.MonkeyPatch, room: str, options: str, heard: dict[str, Any]) -> None:
    """Put a room in its place that only listens."""
    listening = ModuleType(room)
    vars(listening)[options] = dict

    def hear(told: dict[str, Any]) -> int:
        heard.update(told)
        return CODE

    vars(listening)["run"] = hear
    package, _, name = room.rpartition(".")
    try:
        holder = import_module(package)
    except ModuleNotFoundError:
        holder = ModuleType(package)
        monkeypatch.setitem(sys.modules, package, holder)
    monkeypatch.setitem(sys.modules, room, listening)
    monkeypatch.setattr(holder, name, listening, raising=False)


@pytest.fixture
def target(tmp_path: Path) -> Target:
    """The target that the settings file tells."""
    return Target(
        folder=tmp_path / "slides", bucket="archive", source="scanner-1", profile="sender"
    )


def reading(target: Target) -> Target:
    return Target(folder=target.folder, bucket="archive", source="scanner-1", profile="reader")


def test_status(run: Any, target: Target) -> None:
    room = "labsight_lab.sync.telling.status", "StatusOptions"
    settings = target.folder.with_name("labsight.toml")
    told = {"target": target, "as_json": False, "settings": settings}
    assert run(status, *room) == (CODE, told)
    assert run(status, *room, "--json")[1]["as_json"] is True
    _, heard = run(status, *room, "--bucket", "elsewhere")
    assert heard["settings"] is None, "it says nothing of that archive"


def test_report(run: Any, target: Target) -> None:
    room = "labsight_lab.sync.telling.inventory", "ReportOptions"
    assert run(report, *room, "--html", "a.html", "--csv", "-") == (
        CODE,
        {"target": target, "html": Path("a.html"), "csv": Path("-"), "json": None},
    )
    assert run(report, *room, "--json", "a.json")[1]["json"] == Path("a.json")


def test_verify(run: Any, target: Target) -> None:
    room = "labsight_lab.sync.checking.verify", "VerifyOptions"
    assert run(verify, *room) == (
        CODE,
        {
            "target": reading(target),
            "paths": (),
            "deep": False,
            "resend": False,
            "as_json": False,
        },
    )
    assert run(verify, *room, "--resend", "a.svs")[1]["resend"] is True
    _, heard = run(verify, *room, "--deep", "--json", "a.svs", "b", "--profile", "me")
    assert (heard["deep"], heard["as_json"]) == (True, True)
    assert heard["paths"] == (Path("a.svs"), Path("b"))
    assert heard["target"].profile == "me"


def test_clean(run: Any, target: Target) -> None:
    room = "labsight_lab.sync.checking.clean", "CleanOptions"
    _, heard = run(clean, *room, "--older-than", "30d")
    assert heard == {
        "target": reading(target),
        "older_than": 30 * 86_400,
        "yes": False,
        "dry_run": False,
        "as_json": False,
    }
    _, heard = run(clean, *room, "--older-than", "12h", "--yes", "--dry-run", "--json")
    assert (heard["yes"], heard["dry_run"], heard["as_json"]) == (True, True, True)


@pytest.mark.parametrize("arguments", [[], ["--older-than", "0"], ["--older-than", "long"]])
def test_clean_needs_an_age(
    run: Any, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    room = "labsight_lab.sync.checking.clean", "CleanOptions"
    assert run(clean, *room, *arguments) == (2, {})
    assert "--older-than" in capsys.readouterr().err


def test_register(run: Any, target: Target) -> None:
    room = "labsight_lab.register.command", "RegisterOptions"
    assert run(register, *room, "slides/scanner-1/a.svs", "b.svs") == (
        CODE,
        {
            "bucket": "archive",
            "queue_url": "https://sqs.example/1/q",
            "things": ("slides/scanner-1/a.svs", "b.svs"),
            "folder": target.folder,
            "source": "scanner-1",
            "profile": "reader",
            "region": None,
            "endpoint": None,
            "journal": None,
            "dry_run": False,
            "as_json": False,
        },
    )
    _, heard = run(register, *room, "a", "--queue-url", "https://q.example/", "--dry-run", "--json")
    assert (heard["queue_url"], heard["dry_run"], heard["as_json"]) == (
        "https://q.example/",
        True,
        True,
    )


def test_options_win_over_the_file(run: Any, tmp_path: Path) -> None:
    room = "labsight_lab.sync.telling.status", "StatusOptions"
    folder = str(tmp_path / "other")
    _, heard = run(status, *room, "--folder", folder, "--source", "s2", "--bucket", "elsewhere")
    assert heard["target"].folder == tmp_path / "other"
    assert (heard["target"].source, heard["target"].bucket) == ("s2", "elsewhere")
