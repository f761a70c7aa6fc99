"""Where credentials come from, that they are renewed, and what is said where there are none."""

import json
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from botocore import exceptions as botocore

from labsight.errors import SettingsError
from labsight.objects.credentials import Credentials, Fixed
from labsight_lab.sync.sending import credentials
from labsight_lab.sync.sending.archive import Unreachable
from labsight_lab.sync.sending.credentials import SessionCredentials, find, translated

KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
# Counts how often it was called, and tells other keys each time.
PROCESS = """
import json, pathlib, sys, time
count = pathlib.Path(sys.argv[1])
time.sleep(float(sys.argv[3]))
number = len(count.read_text()) + 1 if count.exists() else 1
count.write_text("x" * number)
print(json.dumps({"Version": 1, "AccessKeyId": f"key-{number}", "SecretAccessKey": "secret",
                  "SessionToken": "token", "Expiration": sys.argv[2]}))
"""


pytestmark = pytest.mark.usefixtures("nothing_set_up")


@pytest.fixture
def nothing_set_up(aws: None, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ARG001 - it goes first
    for name in (*KEYS, "AWS_DEFAULT_REGION", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of AWS's settings."""
    path = tmp_path / "config"
    path.write_text("")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(path))
    return path


def profile(settings: Path, name: str, **lines: str) -> None:
    text = "".join(f"{key} = {value}\n" for key, value in lines.items())
    settings.write_text(f"{settings.read_text()}\n[profile {name}]\n{text}")


@pytest.fixture
def environment(nothing_set_up: None, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ARG001
    for name in KEYS:
        monkeypatch.setenv(name, "from-environment")


@pytest.mark.usefixtures("environment")
def test_where_the_environment_says_everything_botocore_is_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    found = find(None, None)
    assert isinstance(found.credentials, Fixed)
    assert found.region == "eu-west-1"
    assert find(None, "eu-west-3").region == "eu-west-3"


@pytest.mark.usefixtures("environment")
def test_a_profile_that_is_asked_for_goes_before_the_environment(settings: Path) -> None:
    profile(settings, "lab", aws_access_key_id="mine", aws_secret_access_key="my-secret")
    assert find("lab", "eu-west-1").credentials.current() == Credentials("mine", "my-secret")
    found = find(None, None)
    assert found.credentials.current() == Credentials("from-environment", "from-environment")
    assert found.region == "us-east-1"


def test_the_region_is_that_of_the_profile_unless_another_is_named(
    settings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = {"aws_access_key_id": "mine", "aws_secret_access_key": "my-secret"}
    profile(settings, "lab", region="eu-central-1", **keys)
    profile(settings, "nowhere", **keys)
    assert find("lab", None).region == "eu-central-1"
    assert find("lab", "eu-west-3").region == "eu-west-3"
    assert find("nowhere", None).region == "us-east-1"
    monkeypatch.setenv("AWS_PROFILE", "lab")
    assert find(None, None).region == "eu-central-1"
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-south-1")
    assert find(None, None).region == "eu-south-1"


def process(settings: Path, holds: timedelta, seconds: float = 0.0) -> Path:
    """Have profile ``lab`` ask a program; return the file that counts how often."""
    script, count = settings.parent / "process.py", settings.parent / "count"
    script.write_text(PROCESS)
    expires = (datetime.now(UTC) + holds).isoformat()
    command = f'"{sys.executable}" "{script}" "{count}" {expires} {seconds}'
    profile(settings, "lab", credential_process=command)
    return count


def test_a_program_such_as_that_of_roles_anywhere_is_asked_once_while_they_hold(
    settings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(credentials, "_BELIEVED_S", -1.0)
    count = process(settings, timedelta(hours=1))
    found = SessionCredentials("lab")
    for _ in range(5):
        assert found.current() == Credentials("key-1", "secret", "token")
    assert count.read_text() == "x"


def test_credentials_are_renewed_before_they_expire(
    settings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(credentials, "_BELIEVED_S", -1.0)
    process(settings, timedelta(minutes=5))
    found = SessionCredentials("lab")
    seen = [found.current().key_id for _ in range(3)]
    assert seen == ["key-2", "key-3", "key-4"]  # the first look finds them about to expire


def test_credentials_are_believed_for_a_moment(settings: Path) -> None:
    count = process(settings, timedelta(minutes=5))
    found = SessionCredentials("lab")
    assert {found.current().key_id for _ in range(100)} == {"key-2"}
    assert count.read_text() == "xx"


def test_what_is_forgotten_is_looked_for_in_the_files_again(settings: Path) -> None:
    profile(settings, "lab", aws_access_key_id="old", aws_secret_access_key="s")
    found = SessionCredentials("lab")
    assert found.current().key_id == "old"
    settings.write_text(settings.read_text().replace("old", "new"))
    assert found.current().key_id == "old"
    found.forget()
    assert found.current().key_id == "new"


def test_many_threads_get_the_same_and_ask_once(settings: Path) -> None:
    count = process(settings, timedelta(hours=1), seconds=0.2)
    found = SessionCredentials("lab")
    seen: list[str] = []
    threads = [
        threading.Thread(target=lambda: seen.append(found.current().key_id)) for _ in range(16)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == ["key-1"] * 16
    assert count.read_text() == "x"


def test_without_any_the_message_says_how_to_get_some() -> None:
    with pytest.raises(SettingsError, match=r"no usable AWS credentials here .*`aws configure`"):
        find(None, None)


def test_what_is_not_installed_is_left_to_who_can_name_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "botocore", None)
    monkeypatch.delitem(sys.modules, "botocore.session", raising=False)
    with pytest.raises(ModuleNotFoundError, match="botocore"):
        find(None, None)


def test_half_a_key_is_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "id")
    with pytest.raises(SettingsError, match=r"no usable AWS credentials .*AWS_SECRET_ACCESS_KEY"):
        find(None, None)


@pytest.mark.parametrize("option", [True, False])
def test_a_profile_that_does_not_exist_is_named(
    option: bool, settings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    profile(settings, "other", region="eu-west-1")
    if not option:
        monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(SettingsError, match="no AWS profile 'nobody'; `aws configure list-profi"):
        find("nobody" if option else None, None)


def test_a_log_in_that_is_missing_or_has_expired_is_told_with_its_command(settings: Path) -> None:
    profile(
        settings,
        "lab",
        sso_start_url="https://example.awsapps.com/start",
        sso_region="eu-west-1",
        sso_account_id="123456789012",
        sso_role_name="uploader",
    )
    with pytest.raises(
        SettingsError, match=r"log-in of profile 'lab'.*`aws sso login --profile lab`"
    ):
        find("lab", None)


@pytest.mark.parametrize(
    "command", ["false", "no-such-program --x", f"{sys.executable} -c 'print(1)'", "echo {}"]
)
def test_a_program_that_fails_is_told_with_its_profile(settings: Path, command: str) -> None:
    profile(settings, "lab", credential_process=command)
    with pytest.raises(SettingsError, match="no usable AWS credentials of profile 'lab'"):
        find("lab", None)


def test_credentials_that_are_new_and_expired_mean_a_wrong_clock(settings: Path) -> None:
    process(settings, timedelta(hours=-1))
    with pytest.raises(SettingsError, match="clock is wrong"):
        find("lab", None)


def test_who_gives_credentials_may_be_out_of_reach(
    settings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    keys = {"aws_access_key_id": "mine", "aws_secret_access_key": "my-secret"}
    profile(settings, "source", **keys)
    profile(
        settings,
        "lab",
        role_arn="arn:aws:iam::123456789012:role/uploader",
        source_profile="source",
        region="us-east-1",
    )
    with pytest.raises(Unreachable, match=r"of profile 'lab' cannot be renewed.*check the network"):
        find("lab", None)


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (botocore.UnauthorizedSSOTokenError(), "`aws sso login --profile lab`"),
        (botocore.TokenRetrievalError(provider="sso", error_msg="old"), "aws sso login"),
        (botocore.LoginRefreshRequired(), "`aws login --profile lab`"),
        (botocore.ReadTimeoutError(endpoint_url="https://sts"), "check the network"),
        (botocore.ConfigParseError(path="/c"), r"\(Unable to parse config file: /c\)"),
        (
            botocore.ClientError(
                {"Error": {"Code": "AccessDenied", "Message": "No."}}, "AssumeRole"
            ),
            r"\(An error occurred \(AccessDenied\) when calling the AssumeRole operation: No\)",
        ),
        (json.JSONDecodeError("not\nJSON", "", 0), "not JSON"),
    ],
)
def test_what_goes_wrong_is_told_in_one_line(error: Exception, message: str) -> None:
    told = translated(error, "lab")
    with pytest.raises(type(told), match=message):
        raise told
    assert "profile 'lab'" in told.message
    assert "\n" not in told.message
