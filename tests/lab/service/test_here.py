"""What a service is told of the machine that it is set up on."""

import getpass
import os
import sys
from pathlib import Path

import pytest

from labsight_lab.service.here import this_machine
from labsight_lab.service.launchd import Launchd
from labsight_lab.service.systemd import Systemd
from labsight_lab.service.task_scheduler import TaskScheduler
from tests.lab.service.specs import here


def test_the_service_of_a_settings_file(tmp_path: Path) -> None:
    service = here(tmp_path).spec("/data/Lab 1/scanner-1.toml")
    assert service.name == "labsight-scanner-1"
    assert service.command == (
        *("/srv/labsight/bin/python", "-P", "-m", "labsight_lab"),
        *("sync", "--watch", "--config", "/data/Lab 1/scanner-1.toml"),
    )
    assert (service.working_dir, service.user, service.system) == ("/data/Lab 1", "ada", False)
    assert service.said == str(tmp_path / "home/Library/Logs/labsight-scanner-1.log")


def test_it_finds_the_archive_as_the_shell_did_that_it_was_tried_in(tmp_path: Path) -> None:
    machine = here(
        tmp_path,
        environment={
            "AWS_PROFILE": "lab",
            "HTTPS_PROXY": "http://proxy:3128",
            "XDG_STATE_HOME": "/state",
            "AWS_REGION": "",
            "PATH": "/bin",
            "LABSIGHT_CONFIG": "other.toml",
        },
    )
    assert machine.spec("/a.toml").environment == {
        "AWS_PROFILE": "lab",
        "HTTPS_PROXY": "http://proxy:3128",
        "XDG_STATE_HOME": "/state",
    }
    assert machine.left_out() == []


def test_it_is_told_no_secret(tmp_path: Path) -> None:
    machine = here(
        tmp_path,
        environment={
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "HTTPS_PROXY": "http://ada:word@proxy:3128",
        },
    )
    assert machine.spec("/a.toml").environment == {}
    assert machine.left_out() == ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "HTTPS_PROXY"]


def test_the_service_of_another_kind_of_computer_has_its_own_names(tmp_path: Path) -> None:
    environment = {"AWS_PROFILE": "lab", "AWS_CA_BUNDLE": "/etc/ca.pem"}
    service = here(tmp_path, environment=environment).spec(
        r"D:\Lab\scanner-1.toml", platform="windows", user=r"LAB\eva", program=r"D:\pythonw.exe"
    )
    assert (service.name, service.working_dir) == ("labsight-scanner-1", r"D:\Lab")
    assert (service.executable[0], service.user) == (r"D:\pythonw.exe", r"LAB\eva")
    assert service.environment == {"AWS_PROFILE": "lab"}
    mac = here(tmp_path).spec("/a.toml", platform="macos")
    assert mac.said == "/Users/ada/Library/Logs/labsight-a.log"


def test_each_platform_has_its_service_manager(tmp_path: Path) -> None:
    linux = here(tmp_path)
    assert linux.manager() == Systemd(tmp_path / "home/.config", tmp_path / "root")
    elsewhere = here(tmp_path, environment={"XDG_CONFIG_HOME": "/config"})
    assert elsewhere.manager() == Systemd(Path("/config"), tmp_path / "root")
    mac = here(tmp_path, "macos")
    assert mac.manager() == Launchd(tmp_path / "home", 501, tmp_path / "root")
    windows = here(tmp_path, "windows", environment={"LOCALAPPDATA": str(tmp_path / "local")})
    assert windows.manager() == TaskScheduler(tmp_path / "local" / "labsight")
    assert isinstance(linux.manager("windows"), TaskScheduler)


@pytest.mark.parametrize(
    ("system", "kind"), [("win32", "windows"), ("darwin", "macos"), ("linux", "linux")]
)
def test_this_machine(system: str, kind: str) -> None:
    machine = this_machine(system, {"USERDOMAIN": "LAB", "A": "b"})
    assert machine.platform == kind
    assert machine.environment["A"] == "b"
    name = getpass.getuser()
    assert machine.user == (rf"LAB\{name}" if kind == "windows" else name)
    assert machine.python == sys.executable


def test_on_windows_a_python_without_a_window_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("python.exe", "pythonw.exe"):
        (tmp_path / name).touch()
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python.exe"))
    assert this_machine("win32", os.environ).python == str(tmp_path / "pythonw.exe")
    assert this_machine("linux", os.environ).python == str(tmp_path / "python.exe")
