"""Which proxy is on the way, by the settings there are, and what it answers."""

import base64

import pytest

from labsight.errors import SettingsError
from labsight.objects import proxies
from labsight.objects.http1 import BadAnswer
from labsight.objects.proxies import Proxy, proxy_for, tunnel

HOST = "archive.s3.eu-central-1.amazonaws.com"
ADDRESS = "http://proxy.hospital.example:3128"


def found(platform: str = "linux", **variables: str) -> Proxy | None:
    return proxy_for(HOST, 443, variables, platform)


@pytest.mark.parametrize(
    ("address", "host", "port"),
    [
        (ADDRESS, "proxy.hospital.example", 3128),
        ("HTTP://Proxy:8080/", "proxy", 8080),
        ("proxy:8080", "proxy", 8080),
        ("http://proxy", "proxy", 80),
        ("http://[fd00::1]:3128", "fd00::1", 3128),
        ("http://my_proxy:1", "my_proxy", 1),
    ],
)
def test_a_proxy_is_named_by_its_address(address: str, host: str, port: int) -> None:
    proxy = found(HTTPS_PROXY=address)
    assert proxy is not None
    assert (proxy.host, proxy.port, proxy.login) == (host, port, "")


def test_without_a_setting_there_is_none() -> None:
    assert found() is None
    assert found(HTTPS_PROXY="", HTTP_PROXY=ADDRESS) is None


def test_small_letters_go_first_as_with_other_tools() -> None:
    proxy = found(https_proxy="http://small:1", HTTPS_PROXY="http://large:2")
    assert str(proxy) == "small:1"


@pytest.mark.parametrize(
    ("exempt", "is_exempt"),
    [
        ("*", True),
        ("amazonaws.com", True),
        (".amazonaws.com", True),
        ("*.amazonaws.com", True),
        ("localhost, .amazonaws.com", True),
        (HOST.upper(), True),
        (f"{HOST}:443", True),
        (f"{HOST}:8443", False),
        ("azonaws.com", False),
        ("com.example", False),
        ("", False),
        (" , ", False),
    ],
)
def test_some_servers_are_exempt(exempt: str, is_exempt: bool) -> None:
    for name in ("NO_PROXY", "no_proxy"):
        proxy = found(HTTPS_PROXY=ADDRESS, **{name: exempt})
        assert (proxy is None) == is_exempt


def test_a_user_and_password_are_for_the_proxy_alone() -> None:
    proxy = found(HTTPS_PROXY="http://me:p%40ss%3A@proxy:3128")
    assert proxy is not None
    assert base64.b64decode(proxy.login) == b"me:p@ss:"
    assert "ss" not in f"{proxy} {proxy!r}"


@pytest.mark.parametrize(
    "address", ["http://", "proxy:0", "proxy:99999", "http://a b", "http://me:word@pro xy"]
)
def test_what_is_no_address_is_named_without_telling_secrets(address: str) -> None:
    with pytest.raises(SettingsError, match="HTTPS_PROXY is no address of a proxy") as told:
        found(HTTPS_PROXY=address)
    assert "word" not in told.value.message


@pytest.mark.parametrize("address", ["https://proxy:443", "socks5://me:word@proxy:1080"])
def test_a_proxy_of_another_kind_is_named(address: str) -> None:
    with pytest.raises(SettingsError, match="labsight speaks http to proxies") as told:
        found(https_proxy=address)
    assert "word" not in told.value.message


@pytest.mark.parametrize("platform", ["win32", "darwin"])
def test_windows_and_macos_have_settings_of_their_own(
    platform: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("urllib.request.getproxies", lambda: {"https": "http://system:3128"})
    monkeypatch.setattr("urllib.request.proxy_bypass", lambda host: host == "intranet")
    assert str(found(platform)) == "system:3128"
    assert str(found(platform, HTTPS_PROXY="http://mine:1")) == "mine:1"
    assert proxy_for("intranet", 443, {}, platform) is None
    assert found("linux") is None
    monkeypatch.setattr("urllib.request.getproxies", dict)
    assert found(platform) is None


class Canned:
    def __init__(self, answer: bytes) -> None:
        self.answer, self.sent = answer, b""

    def sendall(self, data: bytes) -> None:
        self.sent += data

    def recv(self, size: int) -> bytes:
        piece, self.answer = self.answer[:size], self.answer[size:]
        return piece


def asked(answer: bytes, login: str = "") -> Canned:
    stream = Canned(answer)
    tunnel(stream, Proxy("proxy", 3128, "HTTPS_PROXY", login), f"{HOST}:443")
    return stream


def test_a_way_is_asked_for_by_name() -> None:
    stream = asked(b"HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\n", "bWU6d29yZA==")
    assert (
        stream.sent
        == (
            f"CONNECT {HOST}:443 HTTP/1.1\r\nhost: {HOST}:443\r\n"
            "proxy-authorization: Basic bWU6d29yZA==\r\n\r\n"
        ).encode()
    )
    assert b"authorization" not in asked(b"HTTP/1.0 200 OK\r\n\r\n").sent


@pytest.mark.parametrize(
    ("answer", "login", "message"),
    [
        (b"407 No\r\nProxy-Authenticate: Basic realm=x", "", "http://user:password@proxy:3128"),
        (b"407 No\r\nProxy-Authenticate: Basic realm=x", "a", "user and password in HTTPS_PROXY"),
        (b"407 No\r\nProxy-Authenticate: Negotiate", "", "does not speak .'Negotiate'.: have"),
        (b"403 Forbidden", "", f"does not let this computer reach {HOST}:443 .it answers 403"),
        (b"405 No", "", "have it allowed there, or correct HTTPS_PROXY"),
    ],
)
def test_a_refusal_says_what_to_do(answer: bytes, login: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        asked(b"HTTP/1.1 " + answer + b"\r\n\r\n", login)


@pytest.mark.parametrize(
    "answer",
    [b"", b"HTTP/1.1 503 Busy\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\nGARBAGE", b"SOCKS\r\n\r\n"],
)
def test_what_may_pass_is_an_error_of_the_network(answer: bytes) -> None:
    with pytest.raises(BadAnswer):
        asked(answer)


def test_no_name_is_exempt_by_an_empty_entry() -> None:
    assert not proxies.is_exempt("", 443, ",")
