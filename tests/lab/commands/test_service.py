"""`labsight service ...` as a person types it, with a systemctl that only takes notes."""

import os
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from labsight.errors import Conflict, InvalidInput, SettingsError
from labsight_lab.commands import service
from labsight_lab.service.here import Here
from labsight_lab.sync.options import SyncOptions
from tests.lab.service.specs import here

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the stand-in is a shell script")

SETTINGS = '[archive]\nbucket = "archive"\n[folder]\npath = "slides"\nsource = "scanner-1"\n'
UNIT = "home/.config/systemd/user/labsight-scanner-1.service"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine in a folder: its settings file, and a systemctl that writes down what it hears."""
    programs = tmp_path / "bin"
    programs.mkdir()
    program = programs / "systemctl"
    program.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/heard\necho "active (running)"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("LABSIGHT_CONFIG", str(tmp_path / "scanner-1.toml"))
    (tmp_path / "scanner-1.toml").write_text(SETTINGS)
    on(monkeypatch, here(tmp_path))
    return tmp_path


def on(monkeypatch: pytest.MonkeyPatch, machine: Here) -> None:
    monkeypatch.setattr("labsight_lab.service.here.this_machine", lambda: machine)


def labsight_service(*words: str) -> Result:
    return CliRunner().invoke(service.service, list(words))


def refused(*words: str) -> str:
    error = labsight_service(*words).exception
    assert isinstance(error, InvalidInput | SettingsError | Conflict)
    return error.message


def test_install_status_and_uninstall(place: Path) -> None:
    done = labsight_service("install")
    assert done.exit_code == 0
    assert f"wrote {place / UNIT}" in done.output
    assert f"--config {place}/scanner-1.toml\n" in (place / UNIT).read_text()
    done = labsight_service("status")
    assert done.exit_code == 0
    assert "labsight-scanner-1 for you" in done.output
    assert "  active (running)" in done.output
    assert labsight_service("uninstall").exit_code == 0
    assert not (place / UNIT).exists()
    heard = (place / "heard").read_text().splitlines()
    assert [line.split()[1] for line in heard] == [
        *("daemon-reload", "enable", "restart", "status"),
        *("disable", "daemon-reload", "reset-failed"),
    ]


def test_the_settings_file_is_named_so_that_it_is_found_from_anywhere(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(place)
    assert labsight_service("install", "--config", "bin/../scanner-1.toml").exit_code == 0
    assert f"--config {place}/scanner-1.toml\n" in (place / UNIT).read_text()
    assert labsight_service("status", "--config", "elsewhere/scanner-1.toml").exit_code == 0


def test_settings_that_could_only_fail_are_refused_before_anything_is_done(place: Path) -> None:
    (place / "scanner-1.toml").write_text('[archive]\nbucket = "archive"\n')
    assert "sets no folder.path and no folder.source" in refused("install")
    (place / "scanner-1.toml").write_text("[archive]\nbuket = 3\n")
    assert "buket" in refused("install")
    assert "does not exist" in refused("install", "--config", str(place / "none.toml"))
    assert not (place / "home").exists()
    assert not (place / "heard").exists()


def test_without_any_settings_file_init_is_named(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LABSIGHT_CONFIG")
    for name in ("HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, str(place / "empty"))
    for command in ("install", "uninstall", "print"):
        assert "`labsight init` writes one" in refused(command)


def test_a_settings_file_that_is_gone_can_still_be_uninstalled(place: Path) -> None:
    assert labsight_service("install").exit_code == 0
    (place / "scanner-1.toml").unlink()
    done = labsight_service("uninstall", "--config", str(place / "scanner-1.toml"))
    assert done.exit_code == 0
    assert not (place / UNIT).exists()


@pytest.mark.usefixtures("place")
def test_uninstalling_what_is_not_there_is_no_failure() -> None:
    done = labsight_service("uninstall")
    assert done.exit_code == 0
    assert "there is nothing to take away" in done.output


@pytest.mark.usefixtures("place")
def test_status_of_nothing_is_1() -> None:
    done = labsight_service("status")
    assert done.exit_code == 1
    assert "no service is installed here" in done.output


def test_secrets_of_the_shell_are_not_handed_on_and_that_is_said(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = {"AWS_PROFILE": "lab", "AWS_SECRET_ACCESS_KEY": "no-one-s business"}
    on(monkeypatch, here(place, environment=environment))
    done = labsight_service("install")
    assert "as others could read it: AWS_SECRET_ACCESS_KEY;" in done.output
    assert "Environment=AWS_PROFILE=lab\n" in (place / UNIT).read_text()
    assert "business" not in (place / UNIT).read_text() + done.output


class TestWhose:
    def test_a_service_of_the_machine_runs_as_who_ran_sudo(
        self, place: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        on(monkeypatch, here(place, user="root", environment={"SUDO_USER": "eva"}))
        assert labsight_service("install", "--system").exit_code == 0
        unit = place / "root/etc/systemd/system/labsight-scanner-1.service"
        assert "\nUser=eva\n" in unit.read_text()

    @pytest.mark.usefixtures("place")
    def test_or_as_who_is_named(self) -> None:
        assert "\nUser=eva\n" in labsight_service("print", "--system", "--user", "eva").output

    def test_it_does_not_become_root_by_accident(
        self, place: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        on(monkeypatch, here(place, user="root"))
        assert "say with --user as whom the service runs" in refused("install", "--system")

    @pytest.mark.usefixtures("place")
    def test_the_user_s_own_has_no_other_user(self) -> None:
        assert refused("install", "--user", "eva").startswith("--user goes with --system")


class TestPrinting:
    def test_it_shows_what_would_be_installed_and_does_nothing(self, place: Path) -> None:
        shown = labsight_service("print")
        assert not (place / "home").exists()
        labsight_service("install")
        assert shown.stdout == (place / UNIT).read_text()

    @pytest.mark.parametrize(
        ("platform", "sign"),
        [
            ("linux", "[Unit]"),
            ("macos", "<key>KeepAlive</key>"),
            ("windows", r"--config D:\Lab\scanner-1.toml</Arguments>"),
        ],
    )
    def test_for_every_system_on_every_system(
        self, place: Path, monkeypatch: pytest.MonkeyPatch, platform: str, sign: str
    ) -> None:
        config = r"D:\Lab\scanner-1.toml" if platform == "windows" else "/lab/scanner-1.toml"
        machine: Any = "macos" if platform == "linux" else "linux"
        on(monkeypatch, here(place, machine))
        done = labsight_service("print", "--for", platform, "--config", config)
        assert done.exit_code == 0
        assert sign in done.stdout
        assert "the Python named in it is that of this computer" in done.stderr

    def test_a_task_is_written_as_schtasks_reads_it(self, place: Path) -> None:
        words = ("--for", "windows", "--config", "D:/Lab ü/a.toml", "--program", "D:/py.exe")
        user = ("--user", "LAB\\eva")
        done = labsight_service("print", *words, *user, "--to", str(place / "task.xml"))
        assert (done.exit_code, done.stdout) == (0, "")
        assert done.stderr == f"wrote {place / 'task.xml'}\n"
        text = (place / "task.xml").read_bytes().decode("utf-16")
        assert "<Command>D:/py.exe</Command>" in text
        assert "<UserId>LAB\\eva</UserId>" in text

    def test_a_place_that_cannot_be_written_to_is_named(self, place: Path) -> None:
        told = refused("print", "--to", str(place / "no" / "unit"))
        assert told == f"--to {place / 'no' / 'unit'}: No such file or directory"


class TestRunningOnWindows:
    def test_variables_are_set_and_sync_begins(
        self, place: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        begun: list[tuple[SyncOptions, str | None]] = []

        def begin(options: SyncOptions) -> int:
            begun.append((options, os.environ.get("AWS_PROFILE")))
            return 130

        monkeypatch.setattr("labsight_lab.sync.command.sync", begin)
        monkeypatch.setenv("AWS_PROFILE", "other")
        config = place / "a b.toml"
        config.write_text(SETTINGS)
        done = labsight_service("run", "--set", "AWS_PROFILE=l=ab", "--config", str(config))
        assert done.exit_code == 130
        ((options, profile),) = begun
        assert (options.watch, options.target.folder) == (True, place / "slides")
        assert profile == "l=ab"

    @pytest.mark.usefixtures("place")
    def test_what_is_wrong_is_told_as_by_sync(self) -> None:
        assert "does not exist" in refused("run", "--config", "nowhere.toml")

    @pytest.mark.parametrize("word", ["AWS_PROFILE", "=lab"])
    def test_what_is_no_variable_is_refused(self, word: str) -> None:
        done = labsight_service("run", "--set", word, "--config", "a.toml")
        assert done.exit_code == 2
        assert "is no NAME=VALUE" in done.output


def test_help_shows_each_command_in_use() -> None:
    for command in ("install", "uninstall", "print", "status"):
        done = labsight_service(command, "--help")
        assert done.exit_code == 0
        assert f"labsight service {command}" in done.output
