"""Where the right to read comes from."""

import json
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from labsight.errors import SettingsError, StorageUnavailable
from labsight.objects import credentials
from labsight.objects.credentials import Botocore, Container, Credentials, Fixed, from_environment
from tests.support.range_server import failing, serving

PROFILE = """
[default]
aws_access_key_id = from-file
aws_secret_access_key = secret
"""


def answer(hours: float = 6, **changed: object) -> bytes:
    """What the endpoint of a container says."""
    expires = (datetime.now(UTC) + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ")
    document = {"AccessKeyId": "id", "SecretAccessKey": "key", "Token": "token"}
    return json.dumps({**document, "Expiration": expires, **changed}).encode()


def test_the_environment_comes_first_with_the_token_of_a_function() -> None:
    found = from_environment(
        {
            "AWS_ACCESS_KEY_ID": "id",
            "AWS_SECRET_ACCESS_KEY": "key",
            "AWS_SESSION_TOKEN": "token",
            "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/x",
        }
    )
    assert isinstance(found, Fixed)
    assert found.current() == Credentials("id", "key", "token")


@pytest.mark.parametrize(
    "name", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"]
)
def test_a_key_with_a_line_break_is_named(name: str) -> None:
    given = {"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "key"}
    with pytest.raises(SettingsError, match=f"{name} holds a line break"):
        from_environment({**given, name: "x\r\nevil: 1"})


def test_half_a_key_is_told_rather_than_looked_past() -> None:
    with pytest.raises(SettingsError, match="go together"):
        from_environment({"AWS_ACCESS_KEY_ID": "id"})


def test_a_secret_is_not_shown_by_accident() -> None:
    assert "key" not in repr(Credentials("id", "key", "token"))


def test_a_container_is_asked_once_until_five_minutes_before_the_end() -> None:
    with serving(role=answer(1)) as files:
        found = from_environment({"AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{files.url}/role"})
        for _ in range(3):
            assert found.current() == Credentials("id", "key", "token")
        assert len(files.asked) == 1
        files.contents["/role"] = answer(0.08)
        found.forget()
        found.current()
        found.current()
        assert len(files.asked) == 3
        del found


def test_credentials_that_hold_are_used_when_new_ones_cannot_be_had(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with serving(role=answer(1)) as files:
        found = Container({"AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{files.url}/role"})
        found.current()
        now = time.time()
        files.odd.extend([failing(500)] * 2)
        monkeypatch.setattr("labsight.objects.credentials.time.time", lambda: now + 3400)
        assert found.current() == Credentials("id", "key", "token")
        assert found.current() == Credentials("id", "key", "token")
        assert len(files.asked) == 2
        monkeypatch.setattr("labsight.objects.credentials.time.time", lambda: now + 4000)
        with pytest.raises(StorageUnavailable, match="it answered 500"):
            found.current()
        del found


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", answer(Token="a\r\nb"), answer(Expiration=5)])
def test_an_answer_of_another_shape_is_refused(body: bytes) -> None:
    with serving(role=body) as files:
        found = Container({"AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{files.url}/role"})
        with pytest.raises(StorageUnavailable, match=r"cannot be had from 127\.0\.0\.1"):
            found.current()
        del found


def test_the_token_is_read_from_its_file_each_time(tmp_path: Path) -> None:
    token = tmp_path / "token"
    with serving(role=answer()) as files:
        found = Container(
            {
                "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{files.url}/role",
                "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(token),
                "AWS_CONTAINER_AUTHORIZATION_TOKEN": "not this",
            }
        )
        for text in ("one", "two"):
            token.write_text(f"{text}\n")
            found.forget()
            found.current()
            assert files.asked[-1][2]["authorization"] == text
        token.write_text("a\nb: c")
        found.forget()
        with pytest.raises(SettingsError, match="AUTHORIZATION_TOKEN"):
            found.current()
        token.unlink()
        with pytest.raises(SettingsError, match="No such file"):
            found.current()
        del found


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("http://example.org/role", "names example.org: use https"),
        ("file:///etc/passwd", "address of the container's credentials"),
    ],
)
def test_a_container_is_not_sent_elsewhere(url: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        from_environment({"AWS_CONTAINER_CREDENTIALS_FULL_URI": url})


def test_the_relative_address_is_that_of_the_container_service() -> None:
    found = Container({"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/v2/credentials/1"})
    assert found._origin.authority == "169.254.170.2"
    assert found._path == "/v2/credentials/1"


def test_a_profile_is_found_by_botocore_or_nothing_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "credentials"
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    found = from_environment({})
    assert isinstance(found, Botocore)
    assert found.current() is None
    file.write_text(PROFILE)
    found.forget()
    assert found.current() == Credentials("from-file", "secret")


@pytest.mark.parametrize("sign", ["AWS_PROFILE", "AWS_SHARED_CREDENTIALS_FILE", "file", "none"])
def test_credentials_that_only_botocore_reads_are_not_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sign: str
) -> None:
    for name in credentials._SIGNS_OF_CREDENTIALS:
        monkeypatch.delenv(name, raising=False)
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setitem(sys.modules, "botocore.session", None)
    monkeypatch.setitem(sys.modules, "botocore", None)
    if sign == "none":
        assert from_environment({}).current() is None
        return
    if sign == "file":
        (tmp_path / ".aws").mkdir()
        (tmp_path / ".aws" / "credentials").write_text(PROFILE)
    else:
        monkeypatch.setenv(sign, "lab")
    with pytest.raises(SettingsError, match=r"takes boto3, which is not installed") as told:
        from_environment({}).current()
    assert "from-file" not in str(told.value)
