"""The property list of launchd: what it runs, and that every name survives it."""

import plistlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labsight_lab.service.launchd import Launchd, plist, settings_of
from tests.lab.service.specs import environments, paths, spec, words


def test_an_agent_of_a_user() -> None:
    service = spec(environment={"AWS_PROFILE": "lab"})
    assert plistlib.loads(plist(service)) == {
        "Label": "labsight-scanner-1",
        "ProgramArguments": list(service.command),
        "WorkingDirectory": "/home/ada",
        "EnvironmentVariables": {"AWS_PROFILE": "lab"},
        "RunAtLoad": True,
        "KeepAlive": True,
        "ThrottleInterval": 30,
        "ExitTimeOut": 30,
        "LowPriorityIO": True,
        "Nice": 10,
        "Umask": 0o77,
        "StandardOutPath": "/dev/null",
        "StandardErrorPath": "/home/ada/Library/Logs/labsight-scanner-1.log",
    }


def test_a_daemon_of_the_machine_runs_as_its_user() -> None:
    assert plistlib.loads(plist(spec(system=True)))["UserName"] == "ada"


@given(settings=paths, folder=paths, program=paths, environment=environments, user=words)
def test_every_value_survives(
    settings: str, folder: str, program: str, environment: dict[str, str], user: str
) -> None:
    service = spec(
        executable=(program, "-m", "labsight_lab"),
        settings=settings,
        working_dir=folder,
        environment=environment,
        user=user,
        system=True,
    )
    data = plist(service)
    read = plistlib.loads(data)
    assert read["ProgramArguments"] == list(service.command)
    assert read["WorkingDirectory"] == folder
    assert read.get("EnvironmentVariables", {}) == environment
    assert read["UserName"] == user
    assert settings_of(data) == settings


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<plist>",
        plistlib.dumps({"Label": "x"}),
        plistlib.dumps({"ProgramArguments": []}),
        plistlib.dumps({"ProgramArguments": ["/bin/true", "a"]}),
        plistlib.dumps(["x"]),
    ],
)
def test_other_lists_are_nobody_s(data: bytes) -> None:
    assert settings_of(data) is None


@given(st.binary(max_size=100))
def test_any_file_can_lie_there(data: bytes) -> None:
    assert settings_of(data) is None


class TestCommands:
    manager = Launchd(Path("/Users/ada"), 501)
    file = Path("/Users/ada/Library/LaunchAgents/labsight.plist")

    def test_lists_lie_where_launchd_looks(self) -> None:
        assert self.manager.folder(system=False) == Path("/Users/ada/Library/LaunchAgents")
        assert self.manager.folder(system=True) == Path("/Library/LaunchDaemons")

    @pytest.mark.parametrize(("system", "domain"), [(True, "system"), (False, "gui/501")])
    def test_the_old_one_is_taken_out_before_the_new_one_is_put_in(
        self, system: bool, domain: str
    ) -> None:
        out, into = self.manager.start("labsight", self.file, system=system)
        assert out.argv == ("launchctl", "bootout", f"{domain}/labsight")
        assert out.may_fail
        assert into.argv == ("launchctl", "bootstrap", domain, str(self.file))
        assert not into.may_fail
        assert into.tries > 1
        assert self.manager.stop("labsight", self.file, system=system) == [out]
        assert self.manager.ask("labsight", system=system)[2] == f"{domain}/labsight"

    def test_of_all_that_launchctl_prints_four_lines_matter(self) -> None:
        answer = """gui/501/labsight = {
	active count = 1
	path = /Users/ada/Library/LaunchAgents/labsight.plist
	state = running
	environment = {
		XPC_SERVICE_NAME => labsight
	}
	runs = 3
	pid = 4711
	last exit code = 130
}"""
        told = "state = running\nruns = 3\npid = 4711\nlast exit code = 130"
        assert self.manager.told(answer) == told
        missing = 'Could not find service "labsight" in domain for user gui: 501'
        assert self.manager.told(missing) == missing
