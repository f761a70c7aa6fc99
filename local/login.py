"""The authority that stands in for Cognito: who may ask for a sign-in, its codes and its tokens.

The key is made at each start and never leaves the process, so only tokens of this run are taken.
"""

import base64
import hashlib
import json
import secrets
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

CODE_SECONDS = (
    300.0  # https://docs.aws.amazon.com/cognito/latest/developerguide/token-endpoint.html
)
KEY_BITS = 2048  # what CloudFront takes for signed cookies, and Cognito signs tokens with
_UNITS = {"seconds": 1.0, "minutes": 60.0, "hours": 3600.0, "days": 86400.0}


class Refused(Exception):
    """A request of the OAuth flow that is not as it should be; ``error`` is OAuth's word for it."""

    def __init__(self, error: str, detail: str) -> None:
        super().__init__(detail)
        self.error = error
        self.detail = detail


@dataclass(frozen=True, kw_only=True)
class Client:
    """A declared client of a user pool, and the groups of that pool."""

    id: str
    issuer: str
    groups: tuple[str, ...]
    callbacks: frozenset[str]
    logouts: frozenset[str]
    scopes: frozenset[str]
    access_seconds: float = 3600.0
    refresh_seconds: float = 30 * 86400.0


@dataclass(frozen=True, kw_only=True)
class Wish:
    """A sign-in that a web app asked for, once it was found to be in order."""

    client: Client
    redirect_uri: str
    scope: str
    state: str
    challenge: str
    nonce: str


@dataclass(frozen=True)
class _Granted:
    wish: Wish
    role: str
    until: float
    began: int = field(default_factory=lambda: round(time.time()))


class Login:
    """Gives codes for wishes, tokens for codes, and the claims of its own tokens."""

    def __init__(self, clients: Iterable[Client], now: Callable[[], float] = time.time) -> None:
        self.clients = {client.id: client for client in clients}
        self._key = RSAKey.generate_key(KEY_BITS)
        self._now = now
        self._codes: dict[str, _Granted] = {}
        self._refreshes: dict[str, _Granted] = {}
        self._lock = threading.Lock()

    def wish(self, query: Mapping[str, str]) -> Wish:
        """Read what a browser brings to /oauth2/authorize; raise Refused."""
        client = self.clients.get(query.get("client_id", ""))
        if client is None:
            raise Refused("invalid_client", "client_id is no declared user pool client")
        address = query.get("redirect_uri", "")
        if not known_address(address, client.callbacks):
            raise Refused(
                "redirect_mismatch",
                f"redirect_uri {address!r} is none of the client's callback_urls: "
                f"{', '.join(sorted(client.callbacks)) or 'it has none'}",
            )
        if query.get("response_type") != "code":
            raise Refused("unsupported_response_type", "response_type has to be code")
        if query.get("code_challenge_method") != "S256" or not query.get("code_challenge"):
            raise Refused("invalid_request", "a code_challenge with the method S256 is needed")
        if not query.get("state"):
            raise Refused("invalid_request", "a state is needed, which ties the answer to its tab")
        unknown = set(query.get("scope", "").split()) - client.scopes
        if unknown:
            raise Refused("invalid_scope", f"scope: {' '.join(sorted(unknown))} is not declared")
        return Wish(
            client=client,
            redirect_uri=address,
            scope=query.get("scope") or " ".join(sorted(client.scopes)),
            state=query["state"],
            challenge=query["code_challenge"],
            nonce=query.get("nonce", ""),
        )

    def granted(self, wish: Wish, role: str) -> str:
        """Return the address that a browser goes back to, with a code for the chosen role."""
        if role not in wish.client.groups:
            raise Refused("invalid_request", f"role {role!r} is no declared group of the user pool")
        code = secrets.token_urlsafe(24)
        with self._lock:
            self._codes[code] = _Granted(wish, role, self._now() + CODE_SECONDS)
        joined = "&" if "?" in wish.redirect_uri else "?"
        return wish.redirect_uri + joined + urlencode({"code": code, "state": wish.state})

    def tokens(self, form: Mapping[str, str]) -> dict[str, Any]:
        """Answer /oauth2/token; raise Refused."""
        if form.get("grant_type") == "authorization_code":
            granted = self._redeemed(form)
            refresh = secrets.token_urlsafe(48)
            with self._lock:
                until = self._now() + granted.wish.client.refresh_seconds
                self._refreshes[refresh] = _Granted(granted.wish, granted.role, until)
            return {**self._signed(granted, nonce=granted.wish.nonce), "refresh_token": refresh}
        if form.get("grant_type") == "refresh_token":
            with self._lock:
                kept = self._refreshes.get(form.get("refresh_token", ""))
            if kept is None or kept.until < self._now():
                raise Refused("invalid_grant", "the refresh token is unknown or has run out")
            if kept.wish.client.id != form.get("client_id"):
                raise Refused("invalid_client", "the refresh token belongs to another client_id")
            return self._signed(kept, nonce="")
        raise Refused("unsupported_grant_type", "grant_type: authorization_code or refresh_token")

    def revoke(self, token: str) -> None:
        """Forget a refresh token."""
        with self._lock:
            self._refreshes.pop(token, None)

    def claims(self, token: str) -> dict[str, Any]:
        """Return the claims of a token that this login signed and that holds, else Refused."""
        try:
            read = jwt.decode(token, self._key, algorithms=["RS256"]).claims
        except (JoseError, ValueError) as error:
            raise Refused("invalid_token", f"the token cannot be verified: {error}") from error
        if read["exp"] < self._now():
            raise Refused("invalid_token", "the token has run out")
        return dict(read)

    def _redeemed(self, form: Mapping[str, str]) -> _Granted:
        """Return what a code stands for; it works once, and only with its verifier."""
        with self._lock:
            granted = self._codes.pop(form.get("code", ""), None)
        if granted is None or granted.until < self._now():
            raise Refused("invalid_grant", "the code is unknown, was used before, or has run out")
        wish = granted.wish
        given = (form.get("client_id"), form.get("redirect_uri"))
        if given != (wish.client.id, wish.redirect_uri):
            raise Refused("invalid_grant", "client_id or redirect_uri is not the one of the code")
        if challenge_of(form.get("code_verifier", "")) != wish.challenge:
            raise Refused("invalid_grant", "code_verifier does not fit the code_challenge")
        return granted

    def _signed(self, granted: _Granted, nonce: str) -> dict[str, Any]:
        """Return an access and an id token with the claims that Cognito gives them.

        https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-access-token.html
        """
        wish, now = granted.wish, round(self._now())
        client, person = wish.client, str(uuid.uuid5(uuid.NAMESPACE_URL, granted.role))
        both = {
            "sub": person,
            "cognito:groups": [granted.role],
            "iss": client.issuer,
            "auth_time": granted.began,
            "iat": now,
            "exp": now + round(client.access_seconds),
        }
        access = {"client_id": client.id, "token_use": "access", "scope": wish.scope}
        identity = {"aud": client.id, "token_use": "id", "cognito:username": person}
        identity |= {"email": f"{granted.role}@example.org"} if "email" in wish.scope else {}
        identity |= {"nonce": nonce} if nonce else {}
        names = {"version": 2, "username": person, "jti": str(uuid.uuid4())}
        return {
            "access_token": self._token(both | access | names),
            "id_token": self._token(both | identity | {"jti": str(uuid.uuid4())}),
            "token_type": "Bearer",
            "expires_in": round(client.access_seconds),
        }

    def _token(self, claims: dict[str, Any]) -> str:
        return jwt.encode({"alg": "RS256", "kid": "local"}, claims, self._key)


def known_address(address: str, declared: Iterable[str]) -> bool:
    """Say whether a declared address is meant: they say https, and this machine speaks http."""
    scheme, separator, rest = address.partition("://")
    secured = f"https://{rest}" if (scheme, separator) == ("http", "://") else address
    return bool(address) and (secured in declared or address in declared)


def challenge_of(verifier: str) -> str:
    """Return the S256 challenge of a verifier (RFC 7636)."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def seconds(value: Any, unit: Any, default: float) -> float:
    """Return a declared validity in seconds."""
    return default if value is None else float(value) * _UNITS[str(unit or "hours")]


def as_claims(claims: Mapping[str, Any]) -> dict[str, str]:
    """Return claims as an HTTP API hands them to a function: all text, lists as ``[a b]``."""
    return {name: _claim(value) for name, value in claims.items()}


def _claim(value: Any) -> str:
    if isinstance(value, list):
        return f"[{' '.join(str(one) for one in value)}]"
    return value if isinstance(value, str) else json.dumps(value)


def key_pair() -> tuple[str, str]:
    """Return a fresh private and public key (PEM), such as CloudFront's signed cookies need."""
    private = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
    pem = private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    public = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return pem.decode(), public.decode()
