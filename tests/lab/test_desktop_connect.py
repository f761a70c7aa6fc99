"""`labsight desktop connect` with AWS CLIs of the test's own making."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from labsight.errors import Conflict, NotPermitted, SettingsError, StorageUnavailable
from labsight_lab.desktop import requirements
from labsight_lab.desktop.machine import Machine
from labsight_lab.desktop.tunnel import Tunnel, Way

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the stand-ins are scripts")

MODERN = "echo aws-cli/2.31.4 Python/3.13 Linux/6.1"


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Put programs on an otherwise empty PATH, each a shell script."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))

    def made(name: str, script: str) -> Path:
        file = folder / name
        file.write_text(f"#!/bin/sh\n{script}\n")
        file.chmod(0o755)
        return file

    return made


def machine(**tags: str) -> Machine:
    given = {f"labsight:{name}": value for name, value in ({"stack": "dev"} | tags).items()}
    return Machine(id="i-0123", state="running", type="t3.xlarge", tags=given)


def way(target: Machine, **changes: Any) -> Way:
    given: dict[str, Any] = {"cli": "/bin/aws", "region": "eu-central-1", "local_port": 13389}
    given |= changes
    return Way(machine=target, **given)


def test_windows_is_reached_through_the_instance_connect_endpoint() -> None:
    assert way(machine(), profile="lab").command() == [
        *("/bin/aws", "ec2-instance-connect", "open-tunnel", "--instance-id", "i-0123"),
        *("--remote-port", "3389", "--local-port", "13389"),
        *("--region", "eu-central-1", "--profile", "lab"),
    ]


def test_linux_is_reached_through_ssh_over_the_same_endpoint(tmp_path: Path) -> None:
    key = tmp_path / "key.pem"
    assert way(machine(kind="linux-dcv"), local_port=8443, key=key).command() == [
        *("/bin/aws", "ec2-instance-connect", "ssh", "--instance-id", "i-0123"),
        *("--os-user", "ec2-user", "--connection-type", "eice"),
        *("--local-forwarding", "8443:localhost:8443", "--private-key-file", str(key)),
        *("--region", "eu-central-1"),
    ]


@pytest.mark.parametrize(("kind", "port"), [("windows", 3389), ("linux-dcv", 8443)])
def test_session_manager_forwards_a_port(kind: str, port: int) -> None:
    command = way(machine(kind=kind, access="session-manager")).command()
    assert command[1:9] == [
        *("ssm", "start-session", "--target", "i-0123"),
        *("--document-name", "AWS-StartPortForwardingSession"),
        *("--parameters", f"portNumber={port},localPortNumber=13389"),
    ]


def test_advice_names_what_to_open_on_each_system() -> None:
    told = way(machine()).advice()
    assert "mstsc /v:localhost:13389" in told
    assert "Remmina, or xfreerdp /v:localhost:13389" in told
    assert "labsight desktop password --stack dev --region eu-central-1" in told
    assert "https://localhost:13389" in way(machine(kind="linux-dcv")).advice()


@pytest.mark.parametrize(
    ("script", "message"),
    [
        (None, "the AWS CLI is missing; install version 2"),
        ("echo aws-cli/1.45.11 Python/3.11.7", "is version 1.45; the tunnel needs 2.12 or newer"),
        ("echo aws-cli/2.11.9 Python/3.11.7", "is version 2.11; the tunnel needs 2.12 or newer"),
        ("echo hello", "says 'hello'; install version 2"),
        ("exit 3", "says ''; install version 2"),
    ],
)
def test_an_aws_cli_that_cannot_do_it_is_told_before_anything_else(
    programs: Any, script: str | None, message: str
) -> None:
    if script is not None:
        programs("aws", script)
    with pytest.raises(SettingsError, match=message):
        requirements.aws_cli()


def test_an_aws_cli_that_does_not_run_is_told(programs: Any) -> None:
    programs("aws", "").write_bytes(b"\x7fELF")
    with pytest.raises(SettingsError, match="does not run"):
        requirements.aws_cli()


@pytest.mark.parametrize("version", ["2.12.0", "2.31.4", "3.0.0"])
def test_a_new_aws_cli_is_taken(programs: Any, version: str) -> None:
    file = programs("aws", f"echo aws-cli/{version} Python/3.13")
    assert requirements.aws_cli() == str(file)


def test_what_else_is_missing_is_told_with_where_to_get_it(programs: Any) -> None:
    with pytest.raises(SettingsError, match="Session Manager plugin is missing; install it: http"):
        requirements.session_manager_plugin()
    with pytest.raises(SettingsError, match="ssh is missing; install OpenSSH"):
        requirements.ssh()
    programs("session-manager-plugin", "")
    programs("ssh", "")
    requirements.session_manager_plugin()
    requirements.ssh()


def test_a_port_that_is_taken_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(Conflict, match=f"port {port} of this machine is taken"):
            requirements.free_port(port)
    requirements.free_port(port)


class Clock:
    """Time that passes while a tunnel holds: so many seconds for each run."""

    def __init__(self, *held: float) -> None:
        self._held, self._now, self._odd = list(held), 0.0, False
        self.paused: list[float] = []

    def __call__(self) -> float:
        if self._odd and self._held:
            self._now += self._held.pop(0)
        self._odd = not self._odd
        return self._now

    def pause(self, seconds: float) -> None:
        self.paused.append(seconds)


def hold(command: list[str], clock: Clock, running: Callable[[], bool]) -> list[str]:
    said: list[str] = []
    Tunnel(command, running, said.append, clock.pause, clock).hold()
    return said


def until(times: int) -> Callable[[], bool]:
    left = iter([True] * times)
    return lambda: next(left, False)


def test_a_tunnel_that_the_hour_ended_is_opened_again_until_the_machine_is_off(
    programs: Any,
) -> None:
    file = programs("aws", "echo Listening for connections on port 13389.")
    clock = Clock(3600, 3600, 900)
    said = hold([str(file)], clock, until(2))
    assert said.count("  Listening for connections on port 13389.") == 3
    assert said.count("the tunnel ended after 1 h 00 min; opening it again") == 2
    assert said[-1] == "the desktop has stopped, and the tunnel with it"
    assert clock.paused == [1.0, 1.0]


def test_failures_at_once_are_tried_again_with_longer_pauses_and_then_told(programs: Any) -> None:
    file = programs("aws", "echo Could not connect to the endpoint URL >&2; exit 255")
    clock = Clock(1, 1, 1, 1, 1)
    with pytest.raises(StorageUnavailable, match="5 times at once, last with: Could not connect"):
        hold([str(file)], clock, lambda: True)
    assert clock.paused == [2.0, 4.0, 8.0, 16.0]


def test_one_tunnel_that_holds_makes_up_for_failures_before_it(programs: Any) -> None:
    file = programs("aws", "exit 1")
    clock = Clock(1, 1, 1, 1, 600, 1, 1)
    said = hold([str(file)], clock, until(6))
    assert said[-1] == "the desktop has stopped, and the tunnel with it"
    assert clock.paused == [2.0, 4.0, 8.0, 16.0, 1.0, 2.0]


@pytest.mark.parametrize(
    "words",
    [
        "An error occurred (AccessDeniedException): User is not authorized to perform",
        "Unable to locate credentials",
        "Error when retrieving token from sso: Token has expired and refresh failed",
    ],
)
def test_what_trying_again_does_not_help_is_told_at_once(programs: Any, words: str) -> None:
    file = programs("aws", f"echo '{words}' >&2; exit 254")
    with pytest.raises(NotPermitted, match="the tunnel was refused"):
        hold([str(file)], Clock(1), lambda: True)


def test_what_the_aws_cli_says_cannot_act_on_the_terminal(programs: Any) -> None:
    file = programs("aws", r"printf 'a\033[2Jb\n'")
    assert hold([str(file)], Clock(1), until(0))[0] == r"  a\x1b[2Jb"


def wait_for(file: Path, seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not file.exists():
        assert time.monotonic() < end, f"{file.name} did not come"
        time.sleep(0.02)


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


@pytest.fixture
def held(programs: Any, tmp_path: Path) -> Iterator[tuple["subprocess.Popen[str]", int]]:
    """A tunnel that holds, in a process of its own, and the id of its AWS CLI."""
    mark = tmp_path / "pid"
    file = programs("aws", f"echo $$ > {mark}.new; /bin/mv {mark}.new {mark}; exec /bin/cat")
    program = (
        "from labsight_lab.desktop.tunnel import Tunnel\n"
        "import sys\n"
        f"tunnel = Tunnel([{str(file)!r}], lambda: True, print)\n"
        "try:\n    tunnel.hold()\n"
        "except KeyboardInterrupt:\n    sys.exit(130)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        wait_for(mark)
        yield process, int(mark.read_text())
    finally:
        process.kill()
        process.communicate()


def test_ctrl_c_ends_tunnel_and_aws_cli_together(
    held: tuple["subprocess.Popen[str]", int],
) -> None:
    process, cli = held
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait(timeout=20) == 130
    assert gone(cli)


def test_an_interrupt_that_the_aws_cli_did_not_hear_ends_it_all_the_same(
    held: tuple["subprocess.Popen[str]", int],
) -> None:
    process, cli = held
    os.kill(process.pid, signal.SIGINT)
    assert process.wait(timeout=20) == 130
    assert gone(cli)
