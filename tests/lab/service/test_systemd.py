"""The unit of systemd: what it runs, how it is held, and that every name survives it."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labsight.errors import InvalidInput
from labsight_lab.service.systemd import Systemd, settings_of, unit
from tests.lab.service.specs import environments, paths, spec, words
from tests.lab.service.unit_reading import command_of, read_unit, specified, words_of

ANALYZE = shutil.which("systemd-analyze")


def test_a_unit_of_a_user() -> None:
    assert (
        unit(spec(environment={"AWS_PROFILE": "lab"}))
        == """\
# Written by `labsight service install`; `labsight service uninstall` takes it away.
# Settings: "/home/ada/scanner-1.toml"

[Unit]
Description=labsight sync (labsight-scanner-1)
StartLimitIntervalSec=0

[Service]
Type=exec
ExecStart=/srv/labsight/bin/python -P -m labsight_lab sync --watch --config /home/ada/scanner-1.toml
WorkingDirectory=/home/ada/
Environment=AWS_PROFILE=lab
Restart=always
RestartSec=30
KillSignal=SIGINT
SuccessExitStatus=130
TimeoutStopSec=30
Nice=10
IOSchedulingPriority=7
UMask=0077
NoNewPrivileges=yes
LockPersonality=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallErrorNumber=EPERM
SystemCallFilter=@system-service

[Install]
WantedBy=default.target
"""
    )


def test_one_of_the_machine_runs_as_its_user_and_is_held_more_tightly() -> None:
    read = read_unit(unit(spec(system=True)))
    assert read["User"] == ["ada"]
    assert read["WantedBy"] == ["multi-user.target"]
    assert read["After"] == read["Wants"] == ["network-online.target"]
    assert read["ProtectSystem"] == ["full"]
    assert read["CapabilityBoundingSet"] == [""]


def test_one_of_a_user_asks_for_nothing_that_only_the_machine_s_manager_can_do() -> None:
    read = read_unit(unit(spec()))
    assert not {"User", "After", "CapabilityBoundingSet"} & read.keys()
    assert not {name for name in read if name.startswith(("Protect", "Private"))}


@given(
    program=paths.filter(lambda path: not set(path) & set("\"'\\")),
    settings=paths,
    folder=paths,
    environment=environments,
    user=words,
)
def test_every_value_survives(
    program: str, settings: str, folder: str, environment: dict[str, str], user: str
) -> None:
    service = spec(
        executable=(program, "-m", "labsight_lab"),
        settings=settings,
        working_dir=folder,
        environment=environment,
        user=user,
        system=True,
    )
    text = unit(service)
    read = read_unit(text)
    assert command_of(read) == list(service.command)
    assert specified(read["WorkingDirectory"][0]) == folder.rstrip("/") + "/"
    assert specified(read["User"][0]) == user.strip(" ")
    told = [specified(word) for line in read.get("Environment", ()) for word in words_of(line)]
    assert told == [f"{name}={value}" for name, value in environment.items()]
    assert settings_of(text.encode()) == settings


@pytest.mark.parametrize("name", ['a"b', "a'b", "a\\b"])
def test_a_program_that_systemd_would_not_run_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput, match="systemd runs no program with quotes or backslashes"):
        unit(spec(executable=(f"/srv/{name}/python",)))


@pytest.mark.parametrize(
    "data",
    [b"", b"[Service]\nExecStart=/bin/true\n", b"# Settings: \n", b"# Settings: {\n", b"\xff\xfe"],
)
def test_other_units_are_nobody_s(data: bytes) -> None:
    assert settings_of(data) is None


@given(st.binary(max_size=100))
def test_any_file_can_lie_there(data: bytes) -> None:
    assert settings_of(data) is None


@pytest.mark.skipif(ANALYZE is None, reason="needs systemd-analyze")
@pytest.mark.parametrize("system", [True, False])
@pytest.mark.parametrize("name", ["plain", "Müller & Söhne $HOME 50%n; #1 {x} ~"])
def test_systemd_itself_takes_it(tmp_path: Path, system: bool, name: str) -> None:
    folder = tmp_path / name
    folder.mkdir()
    program = folder / "py $x %h"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    service = spec(
        executable=(str(program), "-m", "labsight_lab"),
        settings=str(folder / 'scanner "1" \\.toml'),
        working_dir=str(folder),
        environment={"AWS_PROFILE": 'a "b" $c %d \\'},
        user="root",
        system=system,
    )
    file = tmp_path / f"{service.name}.service"
    file.write_text(unit(service))
    done = subprocess.run(
        [str(ANALYZE), "verify", "--man=no", "--system" if system else "--user", str(file)],
        capture_output=True,
        text=True,
        env=os.environ | {"XDG_RUNTIME_DIR": str(tmp_path)},
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


class TestCommands:
    manager = Systemd(Path("/home/ada/.config"))
    file = Path("x.service")

    def test_units_lie_where_systemd_looks(self) -> None:
        assert self.manager.folder(system=False) == Path("/home/ada/.config/systemd/user")
        assert self.manager.folder(system=True) == Path("/etc/systemd/system")

    @pytest.mark.parametrize(("system", "whose"), [(True, []), (False, ["--user"])])
    def test_they_are_started_and_ended(self, system: bool, whose: list[str]) -> None:
        started = self.manager.start("labsight", self.file, system=system)
        assert [list(step.argv) for step in started] == [
            ["systemctl", *whose, "daemon-reload"],
            ["systemctl", *whose, "enable", "labsight.service"],
            ["systemctl", *whose, "restart", "labsight.service"],
        ]
        ended = self.manager.stop("labsight", self.file, system=system)
        ended += self.manager.forget("labsight", system=system)
        assert [list(step.argv) for step in ended] == [
            ["systemctl", *whose, "disable", "--now", "labsight.service"],
            ["systemctl", *whose, "daemon-reload"],
            ["systemctl", *whose, "reset-failed", "labsight.service"],
        ]

    def test_a_user_is_told_how_it_runs_without_being_logged_in(self) -> None:
        assert any("loginctl enable-linger ada" in line for line in self.manager.advice(spec()))
        told = " ".join(self.manager.advice(spec(system=True)))
        assert "linger" not in told
        assert "journalctl -u labsight-scanner-1" in told
