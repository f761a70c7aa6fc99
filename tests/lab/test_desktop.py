"""`labsight desktop` start, stop, status and password against an EC2 of its own."""

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from labsight.errors import Conflict, InvalidInput, NotFound, NotPermitted, SettingsError
from labsight_lab import cli
from labsight_lab.desktop import machine as machines
from labsight_lab.desktop import password as passwords
from labsight_lab.desktop.aws import explained
from labsight_lab.desktop.machine import Machine
from labsight_lab.desktop.power import Power, described, report
from tests.support.machines import run_machine

_stacks = count(1)


@pytest.fixture
def stack(aws: None, s3_address: str, monkeypatch: pytest.MonkeyPatch) -> str:  # noqa: ARG001
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3_address)
    monkeypatch.delenv("AWS_REGION", raising=False)
    monkeypatch.delenv("LABSIGHT_STACK", raising=False)
    return f"stack-{next(_stacks)}"


@pytest.fixture
def ec2(stack: str) -> Iterator[Any]:  # noqa: ARG001 - the address first
    client: Any = boto3.client("ec2")
    yield client
    client.close()


@pytest.fixture
def make(ec2: Any, stack: str) -> Any:
    """Make a machine of the stack, by its part."""

    def made(part: str = "desktop", **tags: str) -> str:
        given = {"part": part, "stack": stack, "kind": "windows", "idle-minutes": "60"} | tags
        return run_machine(ec2, **given)

    return made


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = cli.main(["desktop", *arguments])
    said = capsys.readouterr()
    return code, said.out, said.err


def state(ec2: Any, machine: str) -> str:
    return machines.look(ec2, machine).state


def test_stop_and_start_move_the_machine_and_may_be_repeated(
    ec2: Any, make: Any, stack: str, capsys: pytest.CaptureFixture[str]
) -> None:
    machine = make()
    for _ in range(2):
        code, _, said = run(capsys, "stop", "--stack", stack)
        assert (code, state(ec2, machine)) == (0, "stopped")
        assert f"{machine} is stopped" in said
    for _ in range(2):
        code, _, said = run(capsys, "start", "--stack", stack)
        assert (code, state(ec2, machine)) == (0, "running")
        assert f"{machine} is reachable" in said
    assert f"labsight desktop connect --stack {stack} --region us-east-1" in said


def test_who_does_not_wait_is_told_the_state_on_the_way(
    ec2: Any, make: Any, stack: str, capsys: pytest.CaptureFixture[str]
) -> None:
    machine = make()
    assert run(capsys, "stop", "--stack", stack, "--no-wait")[0] == 0
    assert run(capsys, "start", "--stack", stack, "--no-wait")[0] == 0
    assert state(ec2, machine) == "running"


def test_start_says_that_the_gateway_starts_too_and_costs(
    ec2: Any, make: Any, stack: str, capsys: pytest.CaptureFixture[str]
) -> None:
    machine, gateway = make(), make("gateway")
    ec2.stop_instances(InstanceIds=[machine])
    said = run(capsys, "start", "--stack", stack)[2]
    assert f"the file gateway {gateway} starts with it (t3.xlarge, about 0.24 $ an hour)" in said


def test_status_tells_people_what_they_need(
    make: Any, stack: str, capsys: pytest.CaptureFixture[str]
) -> None:
    machine = make(**{"stops-at": "20:00 Europe/Berlin"})
    make("gateway")
    code, out, _ = run(capsys, "status", "--stack", stack)
    assert code == 0
    assert f"desktop   {machine} of stack {stack}" in out
    assert "state     running for " in out
    assert "stops     after 60 idle minutes and at 20:00 Europe/Berlin" in out
    assert "cost      about 0.24 $ an hour while on" in out
    assert "gateway   i-" in out


def test_status_tells_machines_the_same(
    make: Any, stack: str, capsys: pytest.CaptureFixture[str]
) -> None:
    machine = make(kind="linux-dcv", access="session-manager")
    told = json.loads(run(capsys, "status", "--stack", stack, "--json")[1])
    assert told["seconds"] >= 0
    del told["since"], told["seconds"]
    assert told == {
        "stack": stack,
        "instance_id": machine,
        "state": "running",
        "kind": "linux-dcv",
        "access": "session-manager",
        "instance_type": "t3.xlarge",
        "idle_minutes": 60,
        "stops_at": None,
        "usd_per_hour": 0.1664,
        "gateways": {},
    }


def test_a_stopped_machine_tells_since_when() -> None:
    ten = datetime(2026, 11, 20, 10, tzinfo=UTC)
    answer = {
        "InstanceId": "i-1",
        "State": {"Name": "stopped"},
        "StateTransitionReason": "User initiated (2026-11-20 10:00:00 GMT)",
    }
    found = machines._read(answer)
    assert found.since == ten
    told = report(found, [], ten + timedelta(hours=2, minutes=5))
    assert "state     stopped for 2 h 05 min" in described(told)
    assert "stops     only when you stop it" in described(told)


def test_no_desktop_of_the_stack_is_told_with_what_to_check(
    stack: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, said = run(capsys, "status", "--stack", stack)
    assert code == 1
    assert f"no desktop of stack '{stack}' in us-east-1: is the feature desktop on" in said


def test_several_desktops_are_named_and_the_stack_is_asked_for(
    make: Any, stack: str, capsys: pytest.CaptureFixture[str]
) -> None:
    make(), make()
    code, _, said = run(capsys, "stop", "--stack", stack)
    assert code == 1
    assert "2 desktops in us-east-1:" in said
    assert "name one with --stack" in said


def test_the_stack_may_come_from_the_environment(
    make: Any, stack: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = make()
    monkeypatch.setenv("LABSIGHT_STACK", stack)
    assert machine in run(capsys, "status")[1]


def test_a_machine_that_was_terminated_is_no_desktop(
    ec2: Any, make: Any, stack: str, capsys: pytest.CaptureFixture[str]
) -> None:
    ec2.terminate_instances(InstanceIds=[make()])
    assert run(capsys, "status", "--stack", stack)[0] == 1


def test_without_a_region_it_is_asked_for(
    stack: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    code, _, said = run(capsys, "status", "--stack", stack)
    assert code == 2
    assert "no region: give --region, or set AWS_REGION" in said


def test_without_credentials_it_says_how_to_get_some(
    stack: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    code, _, said = run(capsys, "status", "--stack", stack)
    assert code == 2
    assert "no usable AWS credentials" in said


@pytest.mark.parametrize(
    ("code", "kind", "message"),
    [
        ("UnauthorizedOperation", NotPermitted, "AWS does not allow ec2:StartInstances"),
        ("RequestExpired", SettingsError, "AWS rejects the credentials"),
        ("SignatureDoesNotMatch", SettingsError, "AWS rejects the credentials"),
        ("InsufficientInstanceCapacity", Conflict, "no machine of this type to spare now"),
        ("IncorrectInstanceState", Conflict, "on its way to another state"),
    ],
)
def test_what_aws_refuses_is_explained(code: str, kind: Any, message: str) -> None:
    answer: Any = {"Error": {"Code": code, "Message": "no"}}
    with pytest.raises(kind, match=message), explained("ec2:StartInstances"):
        raise ClientError(answer, "StartInstances")


class Slow:
    """An EC2 that takes its time: each look moves the machine on."""

    def __init__(self, *states: str, checks: tuple[str, ...] = ("ok",)) -> None:
        self.states, self.checks = list(states), list(checks)
        self.asked: list[str] = []

    def describe_instances(self, **request: Any) -> Any:
        if "Filters" in request:
            return {"Reservations": []}
        name = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        return {"Reservations": [{"Instances": [{"InstanceId": "i-1", "State": {"Name": name}}]}]}

    def describe_instance_status(self, **_: Any) -> Any:
        name = self.checks.pop(0) if len(self.checks) > 1 else self.checks[0]
        return {"InstanceStatuses": [{"InstanceStatus": {"Status": name}}]}

    def start_instances(self, **_: Any) -> Any:
        self.asked.append("start")
        return {}

    def stop_instances(self, **_: Any) -> Any:
        self.asked.append("stop")
        return {}

    def get_password_data(self, **_: Any) -> Any:
        return {}


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def power(slow: Slow, said: list[str]) -> Power:
    clock = Clock()
    return Power(slow, said.append, clock.sleep, clock)


def machine(name: str) -> Machine:
    return Machine(id="i-1", state=name, type="t3.xlarge")


def test_a_machine_on_its_way_down_is_started_when_it_is_down() -> None:
    slow = Slow("stopping", "stopping", "stopped", "pending", "running")
    said: list[str] = []
    assert power(slow, said).start(machine("stopping")).state == "running"
    assert slow.asked == ["start"]
    assert said[0] == "i-1 is stopping; it can start when that is done"


def test_a_long_start_is_told_every_half_minute() -> None:
    slow = Slow("pending", "running", checks=("initializing",) * 15 + ("ok",))
    said: list[str] = []
    power(slow, said).start(machine("stopped"))
    assert [line for line in said if "not reachable yet" in line] == [
        "i-1 runs and is not reachable yet (30 s)",
        "i-1 runs and is not reachable yet (1 min 00 s)",
    ]


def test_a_machine_that_never_starts_ends_the_wait_with_advice() -> None:
    with pytest.raises(Conflict, match="i-1 is pending and not running after 15 min"):
        power(Slow("pending"), []).start(machine("pending"))


def test_a_check_that_never_passes_is_no_reason_not_to_try() -> None:
    said: list[str] = []
    power(Slow("running", checks=("impaired",)), said).start(machine("running"))
    assert "try to connect, or look at it in the EC2 console" in said[-1]


def test_the_password_that_the_machine_stored_is_printed_alone(
    make: Any, stack: str, capsys: pytest.CaptureFixture[str]
) -> None:
    secrets: Any = boto3.client("secretsmanager")
    arn = secrets.create_secret(Name=f"password-{stack}", SecretString="made-by-it")["ARN"]
    secrets.close()
    make(password=arn)
    code, out, said = run(capsys, "password", "--stack", stack)
    assert (code, out) == (0, "made-by-it\n")
    assert "leave it in no file" in said


def test_a_password_that_is_not_stored_yet_says_when_it_will_be(
    make: Any, stack: str, capsys: pytest.CaptureFixture[str]
) -> None:
    secrets: Any = boto3.client("secretsmanager")
    arn = secrets.create_secret(Name=f"password-{stack}")["ARN"]
    secrets.close()
    make(password=arn)
    code, out, said = run(capsys, "password", "--stack", stack)
    assert (code, out) == (1, "")
    assert "it does at its first start, once the tools are there" in said


class Account:
    """An account whose EC2 knows one encrypted password."""

    region, profile = "us-east-1", None

    def __init__(self, data: str) -> None:
        self._data = data

    def client(self, _service: str) -> Any:
        return self

    def get_password_data(self, **_: Any) -> Any:
        return {"PasswordData": self._data}


WITH_KEY = Machine(id="i-1", state="running", type="t3.xlarge", key_pair="operator")


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def pem(private: Any, *, passphrase: bytes = b"", ssh: bool = False) -> bytes:
    forms = serialization.PrivateFormat
    return bytes(
        private.private_bytes(
            serialization.Encoding.PEM,
            forms.OpenSSH if ssh else forms.TraditionalOpenSSL,
            serialization.BestAvailableEncryption(passphrase)
            if passphrase
            else serialization.NoEncryption(),
        )
    )


def encrypted(key: rsa.RSAPrivateKey, clear: str) -> str:
    return base64.b64encode(key.public_key().encrypt(clear.encode(), padding.PKCS1v15())).decode()


def decrypt(data: str, file: Path | None) -> str:
    account: Any = Account(data)
    return passwords.password(account, WITH_KEY, file)


@pytest.mark.parametrize("ssh", [True, False])
def test_the_key_pairs_private_key_opens_the_password(
    key: rsa.RSAPrivateKey, tmp_path: Path, ssh: bool
) -> None:
    file = tmp_path / "key.pem"
    file.write_bytes(pem(key, ssh=ssh))
    assert decrypt(f"\r\n{encrypted(key, 'pass;word')}\r\n", file) == "pass;word"


def test_a_password_that_windows_has_not_made_yet_says_when(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="Windows makes it some minutes after its first start"):
        decrypt("", tmp_path / "key.pem")


def test_the_key_has_to_be_given() -> None:
    with pytest.raises(InvalidInput, match="encrypted with key pair 'operator'; give its private"):
        decrypt("", None)


def test_a_machine_without_key_pair_and_secret_has_no_password() -> None:
    account: Any = Account("")
    with pytest.raises(NotFound, match="neither a stored password nor a key pair"):
        passwords.password(account, Machine(id="i-1", state="running", type="t3.xlarge"), None)


def test_keys_that_do_not_fit_are_refused(key: rsa.RSAPrivateKey, tmp_path: Path) -> None:
    files = {
        "protected by a passphrase": pem(key, passphrase=b"secret"),
        "RSA key pairs alone": pem(ec.generate_private_key(ec.SECP256R1())),
        "is not a private key in PEM form": b"nonsense",
    }
    file = tmp_path / "key.pem"
    for message, content in files.items():
        file.write_bytes(content)
        with pytest.raises(InvalidInput, match=message):
            decrypt(encrypted(key, "x"), file)
    with pytest.raises(InvalidInput, match="cannot be read"):
        decrypt(encrypted(key, "x"), tmp_path / "none.pem")


def test_another_key_never_shows_the_password(key: rsa.RSAPrivateKey, tmp_path: Path) -> None:
    file = tmp_path / "key.pem"
    file.write_bytes(pem(rsa.generate_private_key(public_exponent=65537, key_size=2048)))
    with pytest.raises(InvalidInput, match="needs to be the private key of 'operator'"):
        decrypt(encrypted(key, "rightword"), file)


@pytest.mark.parametrize("random", ["", "short", "with\u00e4umlaut", "with\nline break"])
def test_what_no_windows_password_can_be_is_not_shown(
    key: rsa.RSAPrivateKey, tmp_path: Path, random: str
) -> None:
    """With a wrong key OpenSSL makes random bytes up instead of an error, against an attack."""
    file = tmp_path / "key.pem"
    file.write_bytes(pem(key))
    with pytest.raises(InvalidInput, match="does not decrypt the password"):
        decrypt(encrypted(key, random), file)
