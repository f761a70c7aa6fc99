"""The sign-in pages that stand in for Cognito's hosted login: pick a role instead of a password."""

import base64
import hashlib
from collections.abc import Mapping
from html import escape
from urllib.parse import parse_qsl

from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from local import payload
from local.login import Login, Refused, Wish, known_address

AUTHORIZE, TOKEN, REVOKE, LOGOUT = "/oauth2/authorize", "/oauth2/token", "/oauth2/revoke", "/logout"
SEE_OTHER = 303
FIELDS = (
    "client_id",
    "redirect_uri",
    "response_type",
    "scope",
    "state",
    "nonce",
    "code_challenge",
    "code_challenge_method",
)

_STYLE = """
:root{color-scheme:light dark;--page:#f5f7f9;--surface:#fff;--text:#17212b;--line:#dfe5ea;
--accent:#0b6a7b;--on:#fff}
@media (prefers-color-scheme:dark){:root{--page:#0f1519;--surface:#161e24;--text:#e5ecf0;
--line:#28343c;--accent:#63c7d8;--on:#0f1519}}
body{margin:0;display:grid;min-height:100vh;place-items:center;background:var(--page);
color:var(--text);font:16px/1.5 system-ui,sans-serif}
main{max-width:26rem;margin:1rem;padding:2rem;border:1px solid var(--line);border-radius:10px;
background:var(--surface)}
h1{margin:0 0 .5rem;font-size:1.4rem}
form{display:grid;gap:.6rem;margin-top:1.2rem}
button{min-height:2.75rem;border:0;border-radius:8px;background:var(--accent);color:var(--on);
font:inherit;font-weight:600;cursor:pointer}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
"""
_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": (
        f"default-src 'none'; style-src 'sha256-{_HASH}'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
_NO_STORE = {"cache-control": "no-store"}


class SignIn:
    """Answers the paths of the hosted login."""

    def __init__(self, login: Login) -> None:
        self._login = login
        self._answers = {
            ("GET", AUTHORIZE): self._page,
            ("POST", AUTHORIZE): self._chosen,
            ("POST", TOKEN): self._tokens,
            ("POST", REVOKE): self._revoked,
            ("GET", LOGOUT): self._signed_out,
        }

    def takes(self, asked: payload.Request) -> bool:
        """Say whether a request is for the login."""
        return (asked.method, asked.path) in self._answers

    def answer(self, asked: payload.Request) -> Response:
        """Answer one of the login's requests."""
        return self._answers[asked.method, asked.path](asked)

    def _page(self, asked: payload.Request) -> Response:
        query = _fields(asked.query)
        try:
            wish = self._login.wish(query)
        except Refused as refused:
            return _refusal(refused)
        return _html("Sign in", _choice(wish, query))

    def _chosen(self, asked: payload.Request) -> Response:
        form = _form(asked)
        try:
            address = self._login.granted(self._login.wish(form), form.get("role", ""))
        except Refused as refused:
            return _refusal(refused)
        return RedirectResponse(address, SEE_OTHER, headers=_NO_STORE)

    def _tokens(self, asked: payload.Request) -> Response:
        try:
            return JSONResponse(self._login.tokens(_form(asked)), headers=_NO_STORE)
        except Refused as refused:
            told = {"error": refused.error, "error_description": refused.detail}
            return JSONResponse(told, 400, headers=_NO_STORE)

    def _revoked(self, asked: payload.Request) -> Response:
        self._login.revoke(_form(asked).get("token", ""))
        return Response(status_code=200)

    def _signed_out(self, asked: payload.Request) -> Response:
        """Go back to the app; nothing is remembered here that would have to be forgotten."""
        query = _fields(asked.query)
        client = self._login.clients.get(query.get("client_id", ""))
        address = query.get("logout_uri", "")
        if client is None or not known_address(address, client.logouts):
            known = ", ".join(sorted(client.logouts)) if client else "no such client_id"
            detail = f"logout_uri {address!r} is none of the client's logout_urls: {known}"
            return _refusal(Refused("redirect_mismatch", detail))
        return RedirectResponse(address, SEE_OTHER, headers=_NO_STORE)


def _choice(wish: Wish, query: Mapping[str, str]) -> str:
    given = ((name, query[name]) for name in FIELDS if name in query)
    hidden = "".join(
        f'<input type="hidden" name="{name}" value="{escape(value)}">' for name, value in given
    )
    roles = "".join(
        f'<button name="role" value="{escape(role)}">{escape(role)}</button>'
        for role in wish.client.groups
    )
    return (
        "<p>This page stands in for the login of the deployment. Nobody is asked for a password "
        "on this machine; pick the role to work in.</p>"
        f'<form method="post" action="{AUTHORIZE}">{hidden}{roles}</form>'
    )


def _refusal(refused: Refused) -> Response:
    words = f"<p>{escape(refused.detail)}.</p><p><code>{escape(refused.error)}</code></p>"
    return _html("This sign-in cannot go on", words, 400)


def _html(title: str, content: str, status: int = 200) -> Response:
    page = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title} \u2013 labsight</title><style>{_STYLE}</style></head>"
        f"<body><main><h1>{title}</h1>{content}</main></body></html>"
    )
    return HTMLResponse(page, status, headers=_HEADERS)


def _form(asked: payload.Request) -> dict[str, str]:
    return _fields(asked.body.decode("utf-8", "replace"))


def _fields(text: str) -> dict[str, str]:
    return dict(parse_qsl(text, keep_blank_values=True))
