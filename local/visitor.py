"""Signs a client in the way a browser does: the page, the code, the tokens, the tile cookies."""

import json
import re
import secrets
import time
from dataclasses import dataclass, field
from html import unescape
from http import HTTPStatus
from http.cookies import SimpleCookie
from typing import Any, Protocol
from urllib.parse import parse_qs, urlencode, urlsplit

from local.errors import DeliveryFailed
from local.login import challenge_of

CONFIG, SESSION = "/config.json", "/api/session"
FORM = {"content-type": "application/x-www-form-urlencoded"}
# Tokens are renewed this long before they run out, so that none does on its way.
EARLY_SECONDS = 60.0
COOKIES_SECONDS = 3000.0  # of the hour that tile cookies last
_HIDDEN = re.compile(r'<input type="hidden" name="([^"]*)" value="([^"]*)">')


class Sender(Protocol):
    """Sends one request and returns its status, headers (by lower-case name) and body."""

    def __call__(
        self, method: str, path: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        """Send the request."""


@dataclass
class Visitor:
    """Somebody in a role: what each request carries, renewed before it runs out.

    Where the platform declares no login, requests carry nothing.
    """

    send: Sender
    address: str
    role: str
    _login: dict[str, Any] | None = None
    _asked: bool = False
    _tokens: dict[str, Any] = field(default_factory=dict)
    _cookies: dict[str, str] = field(default_factory=dict)
    _token_until: float = 0.0
    _cookies_until: float = 0.0

    def headers(self) -> dict[str, str]:
        """Return the headers of somebody who is signed in, and sign in first when need be."""
        if not self._asked:
            self._login = self._declared_login()
            self._asked = True
        if self._login is None:
            return {}
        if time.monotonic() > self._token_until:
            self._renew(self._login)
        if time.monotonic() > self._cookies_until:
            self._open_session()
        cookies = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        return {**self._bearer(), "cookie": cookies}

    def _declared_login(self) -> dict[str, Any] | None:
        """Return what the web app is told of the login; without a web app nobody signs in."""
        status, _, text = self.send("GET", CONFIG, {}, b"")
        if status == HTTPStatus.NOT_FOUND:
            return None
        if status != HTTPStatus.OK:
            raise DeliveryFailed(f"GET {CONFIG}: {status}: {_words(text)}")
        login: dict[str, Any] | None = json.loads(text)["login"]
        return login

    def _bearer(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self._tokens['access_token']}"}

    def _renew(self, login: dict[str, Any]) -> None:
        refresh = self._tokens.get("refresh_token")
        if refresh:
            wish = {"grant_type": "refresh_token", "refresh_token": refresh}
        else:
            wish = self._code(login)
        body = urlencode({**wish, "client_id": login["clientId"]}).encode()
        path = urlsplit(login["authority"]).path
        self._tokens |= json.loads(self._done("POST", f"{path}/oauth2/token", FORM, body))
        self._token_until = time.monotonic() + self._tokens["expires_in"] - EARLY_SECONDS

    def _code(self, login: dict[str, Any]) -> dict[str, str]:
        """Go through the sign-in page and return what the code is exchanged with."""
        verifier, state = secrets.token_urlsafe(48), secrets.token_urlsafe(16)
        back = f"{self.address}/"
        query = {
            "client_id": login["clientId"],
            "response_type": "code",
            "redirect_uri": back,
            "scope": " ".join(login["scopes"]),
            "state": state,
            "code_challenge": challenge_of(verifier),
            "code_challenge_method": "S256",
        }
        path = f"{urlsplit(login['authority']).path}/oauth2/authorize"
        page = self._done("GET", f"{path}?{urlencode(query)}").decode()
        fields = {name: unescape(value) for name, value in _HIDDEN.findall(page)}
        body = urlencode({**fields, "role": self.role}).encode()
        status, headers, text = self.send("POST", path, FORM, body)
        location = next((value for name, value in headers if name == "location"), "")
        answer = parse_qs(urlsplit(location).query)
        if status != HTTPStatus.SEE_OTHER or answer.get("state") != [state]:
            raise DeliveryFailed(f"POST {path}: {status}: {_words(text)}")
        return {
            "grant_type": "authorization_code",
            "code": answer["code"][0],
            "redirect_uri": back,
            "code_verifier": verifier,
        }

    def _open_session(self) -> None:
        status, headers, text = self.send("POST", SESSION, self._bearer(), b"")
        if status >= HTTPStatus.BAD_REQUEST:
            raise DeliveryFailed(f"POST {SESSION}: {status}: {_words(text)}")
        for name, value in headers:
            if name == "set-cookie":
                jar = SimpleCookie(value)
                self._cookies |= {key: morsel.value for key, morsel in jar.items()}
        self._cookies_until = time.monotonic() + COOKIES_SECONDS

    def _done(
        self, method: str, path: str, headers: dict[str, str] | None = None, body: bytes = b""
    ) -> bytes:
        status, _, text = self.send(method, path, headers or {}, body)
        if status != HTTPStatus.OK:
            raise DeliveryFailed(f"{method} {path}: {status}: {_words(text)}")
        return text


def _words(body: bytes) -> str:
    return " ".join(
        re.sub(r"<style>.*?</style>|<[^>]*>", " ", body.decode(errors="replace")).split()
    )
