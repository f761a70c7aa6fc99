"""CloudFront's signed cookies: made for whoever signed in, checked by CloudFront at its edge.

``verify`` does the same check where there is no CloudFront: in local mode and in tests.
https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-setting-signed-cookie-custom-policy.html
"""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from labsight.errors import NotPermitted, SettingsError

POLICY = "CloudFront-Policy"
SIGNATURE = "CloudFront-Signature"
KEY_PAIR_ID = "CloudFront-Key-Pair-Id"
NAMES = (POLICY, SIGNATURE, KEY_PAIR_ID)

# Any path at any host. Which host it is, the signer cannot know (the distribution stands in front
# of it and is made after it), and need not: browsers send a cookie to the host that set it alone,
# and no other distribution trusts the key. Which paths ask for cookies, the distribution says. A
# resource has to begin with http:// or https://, without a wildcard before the slashes.
EVERYWHERE = "https://*/*"

# CloudFront verifies RSA-SHA1 unless a fourth cookie names another hash.
_HASH = SHA1()  # noqa: S303 - the signature is only good for the key's hour, and CloudFront's rule
_LONGEST = 4096  # characters of a cookie's value, as browsers keep them

_TO_COOKIE = str.maketrans("+=/", "-_~")
_FROM_COOKIE = str.maketrans("-_~", "+=/")


class Forbidden(NotPermitted):
    """The cookies do not open this address."""


def sign(private_key_pem: str, key_pair_id: str, resource: str, expires: int) -> dict[str, str]:
    """Return the three cookies that open ``resource`` until ``expires`` (seconds since 1970).

    ``resource`` is an address in which ``*`` stands for any characters, ``?`` for any one. Raise
    SettingsError for a key that is none.
    """
    policy = {
        "Statement": [
            {
                "Resource": resource,
                "Condition": {"DateLessThan": {"AWS:EpochTime": expires}},
            }
        ]
    }
    text = json.dumps(policy, separators=(",", ":")).encode()
    signature = _private_key(private_key_pem).sign(text, PKCS1v15(), _HASH)
    return {POLICY: _encode(text), SIGNATURE: _encode(signature), KEY_PAIR_ID: key_pair_id}


def verify(
    cookies: Mapping[str, str], public_key_pem: str, key_pair_id: str, url: str, now: int
) -> None:
    """Raise Forbidden unless the cookies were signed with the key and open ``url`` at ``now``."""
    if any(not cookies.get(name) for name in NAMES):
        raise Forbidden("this address needs the cookies of a sign-in; sign in and try again")
    if cookies[KEY_PAIR_ID] != key_pair_id:
        raise Forbidden("the cookies were signed with another key; sign in again")
    text = _decode(cookies[POLICY])
    try:
        _public_key(public_key_pem).verify(_decode(cookies[SIGNATURE]), text, PKCS1v15(), _HASH)
    except InvalidSignature:
        raise Forbidden("the cookies' signature is not valid; sign in again") from None
    resource, expires = _statement(text)
    if now >= expires:
        raise Forbidden("the cookies have expired; sign in again")
    if not _pattern(resource).fullmatch(url):
        raise Forbidden("the cookies are for another address; sign in again")


def _statement(policy: bytes) -> tuple[str, int]:
    """Take a policy apart that was signed, so by us; a form that we never sign is no permission."""
    try:
        (statement,) = json.loads(policy)["Statement"]
        resource, condition = statement["Resource"], statement["Condition"]
        expires = condition["DateLessThan"]["AWS:EpochTime"]
    except (ValueError, KeyError, TypeError):
        raise Forbidden("the cookies hold no policy that is known here; sign in again") from None
    if not isinstance(resource, str) or not isinstance(expires, int) or len(condition) != 1:
        raise Forbidden("the cookies hold no policy that is known here; sign in again")
    return resource, expires


def _pattern(resource: str) -> re.Pattern[str]:
    wild = {"*": ".*", "?": "."}
    return re.compile("".join(wild.get(c) or re.escape(c) for c in resource), re.DOTALL)


def _encode(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii").translate(_TO_COOKIE)


def _decode(text: str) -> bytes:
    if len(text) > _LONGEST or not text.isascii():
        raise Forbidden("the cookies are damaged; sign in again")
    try:
        return base64.b64decode(text.translate(_FROM_COOKIE), validate=True)
    except binascii.Error:
        raise Forbidden("the cookies are damaged; sign in again") from None


def _private_key(pem: str) -> RSAPrivateKey:
    key = _loaded(load_pem_private_key, pem, None)
    if not isinstance(key, RSAPrivateKey):
        raise SettingsError(_NO_KEY.format("private"))
    return key


def _public_key(pem: str) -> RSAPublicKey:
    key = _loaded(load_pem_public_key, pem)
    if not isinstance(key, RSAPublicKey):
        raise SettingsError(_NO_KEY.format("public"))
    return key


_NO_KEY = "the {} signing key is no RSA key in PEM form; make a pair with `labsight keys new`"


def _loaded(load: Any, pem: str, *rest: None) -> Any:
    """Load a key; what is wrong with it is not told, since that could show parts of it."""
    try:
        return load(pem.encode(), *rest)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None
