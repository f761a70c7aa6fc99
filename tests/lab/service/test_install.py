"""Setting a service up and taking it away: what is written, what is run, what is said."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest

from labsight.errors import Conflict, LabsightError, SettingsError
from labsight_lab.service.here import Here
from labsight_lab.service.install import Ran, Services, run
from tests.lab.service.specs import here

PLATFORMS: tuple[Literal["linux", "macos", "windows"], ...] = ("linux", "macos", "windows")


@dataclass
class Computer:
    """A service manager that does as it is told, or fails at what is in ``fails``."""

    machine: Here
    fails: dict[str, int] = field(default_factory=dict)
    ran: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    waited: float = 0.0

    def runner(self, argv: Sequence[str]) -> Ran:
        self.ran.append(" ".join(argv))
        for word in argv:
            if self.fails.get(word, 0) > 0:
                self.fails[word] -= 1
                return Ran(5, "it does not\n  want to")
        return Ran(0, "state = running\nall is well")

    def pause(self, seconds: float) -> None:
        self.waited += seconds

    @property
    def services(self) -> Services:
        return Services(self.machine.manager(), self.said.append, self.runner, self.pause)

    def install(self, settings: str, *, system: bool = False) -> None:
        self.services.install(self.machine.spec(settings, system=system))

    def files(self) -> dict[str, bytes]:
        place = self.machine.root.parent
        return {
            str(file.relative_to(place)): file.read_bytes()
            for file in sorted(place.rglob("*"))
            if file.is_file()
        }


@pytest.fixture(params=PLATFORMS)
def computer(tmp_path: Path, request: pytest.FixtureRequest) -> Computer:
    return Computer(here(tmp_path, request.param))


@pytest.fixture
def linux(tmp_path: Path) -> Computer:
    return Computer(here(tmp_path, "linux"))


UNIT = "home/.config/systemd/user/labsight-scanner-1.service"


def test_a_unit_is_written_enabled_and_started_and_all_of_it_said(linux: Computer) -> None:
    linux.install("/lab/scanner-1.toml")
    assert list(linux.files()) == [UNIT]
    assert linux.ran == [
        "systemctl --user daemon-reload",
        "systemctl --user enable labsight-scanner-1.service",
        "systemctl --user restart labsight-scanner-1.service",
    ]
    place = linux.machine.root.parent
    assert linux.said[:5] == [
        f"wrote {place / UNIT}",
        *(f"ran {command}" for command in linux.ran),
        "labsight-scanner-1 is set up for you and was started",
    ]
    assert any("enable-linger ada" in line for line in linux.said[5:])


def test_repeating_it_leaves_the_same(computer: Computer) -> None:
    computer.install("/lab/scanner-1.toml")
    before, ran = computer.files(), list(computer.ran)
    computer.install("/lab/scanner-1.toml")
    assert computer.files() == before
    assert computer.ran == ran * 2
    assert any("is as it has to be" in line for line in computer.said)


def test_uninstalling_takes_away_what_was_written_and_nothing_else(computer: Computer) -> None:
    place = computer.machine.root.parent
    settings = place / "lab" / "scanner-1.toml"
    settings.parent.mkdir()
    settings.write_text("mine")
    journal = computer.machine.home / "journal.sqlite"
    journal.parent.mkdir()
    journal.write_text("also mine")
    before = computer.files()
    computer.install(str(settings))
    computer.install(str(settings.with_name("scanner-2.toml")))
    assert len(computer.files()) == len(before) + 2
    for name in ("scanner-1", "scanner-2"):
        assert computer.services.uninstall(
            f"labsight-{name}", str(settings.with_name(f"{name}.toml"))
        )
    assert computer.files() == before
    gone = f"labsight-scanner-1 is gone; {settings}, the journal and the logs stay"
    assert gone in computer.said


def test_uninstalling_twice_says_that_there_is_nothing(computer: Computer) -> None:
    assert not computer.services.uninstall("labsight-x", "/lab/x.toml")
    assert computer.said == ["labsight-x is not installed here: there is nothing to take away"]
    assert computer.ran == []


def test_several_scanners_have_several_services(computer: Computer) -> None:
    computer.install("/lab/scanner-1.toml")
    computer.install("/lab/scanner-2.toml")
    found = {one.name: one.settings for one in computer.services.installed()}
    assert found == {
        "labsight-scanner-1": "/lab/scanner-1.toml",
        "labsight-scanner-2": "/lab/scanner-2.toml",
    }


def test_a_service_of_the_machine_is_another_place(linux: Computer) -> None:
    linux.install("/lab/scanner-1.toml", system=True)
    assert list(linux.files()) == ["root/etc/systemd/system/labsight-scanner-1.service"]
    assert "systemctl enable labsight-scanner-1.service" in linux.ran
    assert linux.services.uninstall("labsight-scanner-1", "/lab/scanner-1.toml")
    assert "systemctl disable --now labsight-scanner-1.service" in linux.ran
    assert linux.files() == {}


class TestRefusals:
    def test_two_settings_files_of_one_name(self, computer: Computer) -> None:
        computer.install("/lab/scanner-1.toml")
        before, ran = computer.files(), len(computer.ran)
        for action in (
            lambda: computer.install("/other/Scanner 1.toml"),
            lambda: computer.install("/other/Scanner 1.toml", system=True),
            lambda: computer.services.uninstall("labsight-scanner-1", "/other/Scanner 1.toml"),
        ):
            with pytest.raises(Conflict) as refused:
                action()
            assert (
                "labsight-scanner-1 is the service of /lab/scanner-1.toml, not of "
                "/other/Scanner 1.toml: give one of these files another name"
            ) in refused.value.message
        assert computer.files() == before
        assert len(computer.ran) == ran

    def test_a_file_that_somebody_else_wrote(self, linux: Computer) -> None:
        file = linux.machine.root.parent / UNIT
        file.parent.mkdir(parents=True)
        file.write_text("[Service]\nExecStart=/bin/true\n")
        for action in (
            lambda: linux.install("/lab/scanner-1.toml"),
            lambda: linux.services.uninstall("labsight-scanner-1", "/lab/scanner-1.toml"),
        ):
            with pytest.raises(Conflict, match="was not written by labsight"):
                action()
        assert file.read_text() == "[Service]\nExecStart=/bin/true\n"
        assert list(linux.services.installed()) == []

    @pytest.mark.parametrize("first", [True, False])
    def test_one_for_the_user_beside_one_for_the_machine(
        self, computer: Computer, first: bool
    ) -> None:
        computer.install("/lab/scanner-1.toml", system=first)
        with pytest.raises(Conflict, match="is installed already"):
            computer.install("/lab/scanner-1.toml", system=not first)
        assert len(computer.files()) == 1

    def test_a_place_that_may_not_be_written_to(self, linux: Computer) -> None:
        (linux.machine.root.parent / "root").write_text("no folder")
        with pytest.raises(SettingsError) as refused:
            linux.install("/lab/scanner-1.toml", system=True)
        assert "labsight-scanner-1.service: Not a directory" in refused.value.message
        assert "run the same command with sudo" in refused.value.message
        assert linux.ran == []


class TestFailures:
    def test_a_command_that_fails_is_named_with_what_it_said(self, linux: Computer) -> None:
        linux.fails["daemon-reload"] = 1
        with pytest.raises(LabsightError) as failed:
            linux.install("/lab/scanner-1.toml")
        assert failed.value.message.startswith(
            "`systemctl --user daemon-reload` failed (5): it does not want to; for a service of "
            "your own you have to be logged in"
        )
        linux.install("/lab/scanner-1.toml")  # and the next try finds its way

    @pytest.mark.parametrize("command", ["enable", "bootstrap", "/Create"])
    def test_an_installation_that_fails_leaves_nothing(
        self, computer: Computer, command: str
    ) -> None:
        computer.fails = {command: 99, "/Query": 99}
        try:
            computer.install("/lab/scanner-1.toml")
        except LabsightError:
            assert computer.files() == {}
        else:
            assert command not in " ".join(computer.ran)

    def test_not_even_where_it_can_end_nothing(self, linux: Computer) -> None:
        linux.fails = {"--user": 99}
        with pytest.raises(LabsightError, match="daemon-reload"):
            linux.install("/lab/scanner-1.toml")
        assert linux.files() == {}

    def test_a_repetition_that_fails_leaves_the_service(self, linux: Computer) -> None:
        linux.install("/lab/scanner-1.toml")
        before = linux.files()
        linux.fails = {"restart": 1}
        with pytest.raises(LabsightError, match="restart"):
            linux.install("/lab/scanner-1.toml")
        assert linux.files() == before

    def test_a_task_that_somebody_deleted_by_hand_is_uninstalled(self, tmp_path: Path) -> None:
        windows = Computer(here(tmp_path, "windows"))
        windows.install("/lab/scanner-1.toml")
        windows.fails = {"/Query": 1, "/End": 1, "/Delete": 1}
        assert windows.services.uninstall("labsight-scanner-1", "/lab/scanner-1.toml")
        assert windows.files() == {}

    def test_a_unit_that_cannot_be_ended_stays_known(self, linux: Computer) -> None:
        linux.install("/lab/scanner-1.toml")
        linux.fails["disable"] = 1
        with pytest.raises(LabsightError, match=r"disable --now .* failed"):
            linux.services.uninstall("labsight-scanner-1", "/lab/scanner-1.toml")
        assert list(linux.files()) == [UNIT]

    def test_what_may_fail_is_passed_over_in_silence(self, tmp_path: Path) -> None:
        windows = Computer(here(tmp_path, "windows"), fails={"/End": 9})
        windows.install("/lab/scanner-1.toml")
        assert not any("/End" in line for line in windows.said[:4])
        assert any("/Create" in line for line in windows.said)

    def test_launchd_gets_the_time_to_end_the_old_one(self, tmp_path: Path) -> None:
        mac = Computer(here(tmp_path, "macos"), fails={"bootstrap": 3})
        mac.install("/lab/scanner-1.toml")
        assert sum("bootstrap" in command for command in mac.ran) == 4
        assert mac.waited == 3

    def test_but_not_for_ever(self, tmp_path: Path) -> None:
        mac = Computer(here(tmp_path, "macos"), fails={"bootstrap": 99})
        with pytest.raises(LabsightError, match="launchctl enable gui/501/labsight-scanner-1"):
            mac.install("/lab/scanner-1.toml")
        assert mac.waited == 9


class TestStatus:
    def test_each_service_is_told_with_what_its_manager_says(self, computer: Computer) -> None:
        computer.install("/lab/scanner-1.toml")
        computer.install("/lab/scanner-2.toml")
        computer.said.clear()
        assert computer.services.status()
        assert computer.said[:2] == [
            "labsight-scanner-1 for you, settings /lab/scanner-1.toml",
            "  state = running",
        ]
        assert "labsight-scanner-2 for you, settings /lab/scanner-2.toml" in computer.said

    def test_one_of_them_can_be_asked_for(self, linux: Computer) -> None:
        linux.install("/lab/scanner-1.toml")
        linux.install("/lab/scanner-2.toml", system=True)
        linux.ran.clear()
        assert linux.services.status("labsight-scanner-2")
        assert linux.ran == ["systemctl status --no-pager --lines=5 labsight-scanner-2.service"]

    def test_one_that_is_not_well_is_told_by_the_answer(self, linux: Computer) -> None:
        linux.install("/lab/scanner-1.toml")
        linux.fails["status"] = 1
        assert not linux.services.status()
        assert "  it does not" in linux.said

    @pytest.mark.parametrize(
        ("name", "told"),
        [
            (None, "no service is installed here; `labsight service install` sets one up"),
            ("labsight-x", "labsight-x is not installed here; `labsight service install` sets"),
        ],
    )
    def test_none_is_told_as_well(self, computer: Computer, name: str | None, told: str) -> None:
        assert not computer.services.status(name)
        assert computer.said[0].startswith(told)


class TestRunning:
    def test_code_and_all_that_was_said_come_back(self) -> None:
        program = "import sys; print('out'); sys.stdout.flush(); sys.exit('err')"
        assert run([sys.executable, "-c", program]) == Ran(1, "out\nerr")

    def test_what_is_no_text_does_no_harm(self) -> None:
        program = r"import os; os.write(1, b'\xff\xfeok')"
        assert run([sys.executable, "-c", program]).said.endswith("ok")

    def test_a_command_that_is_not_there_is_named(self) -> None:
        with pytest.raises(SettingsError, match="there is no labsight-no-such on this computer"):
            run(["labsight-no-such", "status"])

    def test_nothing_can_wait_for_an_answer(self) -> None:
        assert run([sys.executable, "-c", "print(repr(input()))"]).code == 1
