"""The command: what it says when it is asked, misused, interrupted, or incomplete."""

import builtins
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from labsight import __version__
from labsight.errors import Conflict, LabsightError, SettingsError, StorageUnavailable
from labsight_lab import cli, serve
from labsight_lab.sync import command
from labsight_lab.sync.options import SyncOptions
from tests.lab.support import write
from tests.support.ports import free_port

SYNC = ["--bucket", "archive", "--source", "scanner-1"]


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Any:
    """What was written since the last look, outputs together, on one line."""

    def look() -> str:
        shown = capsys.readouterr()
        return " ".join((shown.out + shown.err).split())

    return look


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Make an import fail as it does where the extra is not installed."""

    def hide(package: str, *loaded: str) -> None:
        for name in loaded:
            monkeypatch.delitem(sys.modules, name, raising=False)
        real = builtins.__import__

        def guarded(name: str, *rest: Any, **named: Any) -> Any:
            if name.partition(".")[0] == package:
                raise ModuleNotFoundError(f"No module named {package!r}", name=package)
            return real(name, *rest, **named)

        monkeypatch.setattr(builtins, "__import__", guarded)

    return hide


def test_no_command_shows_the_help_as_wrong_usage(said: Any) -> None:
    assert cli.main([]) == 2
    assert "Usage: labsight" in said()


def test_version(said: Any) -> None:
    assert cli.main(["--version"]) == 0
    assert said() == f"labsight {__version__}"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nonsense"], "No such command 'nonsense'"),
        (["sync"], "give the folder and --bucket and --source here; or run `labsight init`"),
        (["sync", "/no/such/folder", *SYNC], "/no/such/folder does not exist"),
        (["sync", "FILE", *SYNC], "is not a folder"),
        (["sync", "FOLDER", "--source", "s", "--bucket", ""], "give the name of a bucket alone"),
        (["sync", "FOLDER", "--source", "s", "--bucket", "s3://b/c"], "a bucket alone"),
        (["sync", "FOLDER", "--bucket", "b", "--source", "Scanner 1"], "lower-case letters"),
        (["sync", "FOLDER", *SYNC, "--quiet-period", "-1"], "--quiet-period"),
        (["serve", "/no/such/folder"], "/no/such/folder does not exist"),
        (["serve", "FILE"], "is not a folder"),
        (["serve", "FOLDER", "--cache", "FILE"], "is not a folder"),
        (["serve", "FOLDER", "--port", "0"], "--port"),
        (["serve", "FOLDER", "--host", "no.such.host.invalid"], "no such address"),
    ],
)
def test_wrong_usage_is_told_and_ends_with_2(
    arguments: list[str], message: str, tmp_path: Path, said: Any
) -> None:
    places = {"FOLDER": tmp_path, "FILE": write(tmp_path / "a.svs", b"x")}
    assert cli.main([str(places.get(word, word)) for word in arguments]) == 2
    assert message in said()


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (SettingsError("the setting x is missing"), 2),
        (StorageUnavailable("the archive is away"), 1),
        (Conflict("another run is at work"), 1),
        (KeyboardInterrupt(), 130),
        (ZeroDivisionError("a bug"), 1),
    ],
)
def test_every_error_has_a_message_and_a_code_and_no_traceback(
    error: BaseException, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: Any
) -> None:
    def fail(_: SyncOptions) -> int:
        raise error

    monkeypatch.setattr(command, "sync", fail)
    assert cli.main(["sync", str(tmp_path), *SYNC]) == code
    text = said()
    assert "Traceback" not in text
    if isinstance(error, LabsightError):
        assert text == f"labsight: {error.message}"
    if isinstance(error, ZeroDivisionError):
        assert "unexpected ZeroDivisionError: a bug" in text


def test_debug_shows_the_traceback(tmp_path: Path, said: Any) -> None:
    assert cli.main(["--debug", "sync", str(tmp_path / "nowhere"), *SYNC]) == 2
    assert "Traceback" in said()


@pytest.mark.usefixtures("aws")
def test_sync_without_its_extra_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, without: Any, said: Any
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    write(tmp_path / "slides" / "a.czi", b"x")
    without("botocore")
    assert cli.main(["sync", str(tmp_path / "slides"), *SYNC]) == 2
    assert "needs botocore, which is not installed: install labsight's wheel with [lab]" in said()


def test_serve_without_its_extra_says_what_to_install(
    tmp_path: Path, without: Any, said: Any
) -> None:
    without("uvicorn", "labsight.api.serve")
    assert cli.main(["serve", str(tmp_path), "--port", str(free_port())]) == 2
    assert "install labsight's wheel with [serve]" in said()


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


def test_a_port_in_use_is_named(tmp_path: Path, taken_port: int, said: Any) -> None:
    assert cli.main(["serve", str(tmp_path), "--port", str(taken_port)]) == 2
    assert f"port {taken_port} on 127.0.0.1 cannot be used" in said()


def test_serve_hands_its_options_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: Any
) -> None:
    served: list[tuple[Path, dict[str, Any]]] = []
    monkeypatch.setattr(
        "labsight.api.serve.serve_folder", lambda folder, **named: served.append((folder, named))
    )
    port = free_port()
    command = ["serve", str(tmp_path), "--port", str(port), "--show-labels"]
    assert cli.main([*command, "--allow-origin", "https://a.example"]) == 0
    expected = {
        "host": "127.0.0.1",
        "port": port,
        "cache": None,
        "show_labels": True,
        "allowed_origin": "https://a.example",
    }
    assert served == [(tmp_path.resolve(), expected)]
    assert said() == ""


@pytest.mark.parametrize("origin", ["a.example", "https://a.example/page", "https://a b", ""])
def test_an_origin_that_is_none_is_refused(tmp_path: Path, said: Any, origin: str) -> None:
    assert cli.main(["serve", str(tmp_path), "--allow-origin", origin]) == 2
    assert "without a path" in said()


def test_serving_to_others_comes_with_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: Any
) -> None:
    monkeypatch.setattr("labsight.api.serve.serve_folder", lambda *_, **__: None)
    monkeypatch.setattr(serve, "check_port_is_free", lambda *_: None)
    assert cli.main(["serve", str(tmp_path), "--host", "0.0.0.0"]) == 0
    assert "there is no login" in said()
