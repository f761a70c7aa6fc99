import base64
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from labsight.errors import NotPermitted, SettingsError
from labsight.session import cookies
from labsight.session.cookies import EVERYWHERE, Forbidden, sign, verify

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PRIVATE = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
PUBLIC = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
ID = "K2JCJMDEHXQW5F"
URL = "https://d111111abcdef8.cloudfront.net/slides/fgn425jyu3uis56i/tiles/0/0_0.jpg?v=547d0e1d"
NOW = 1_800_000_000
TO_BYTES = str.maketrans("-_~", "+=/")


def signed(resource: str = EVERYWHERE, expires: int = NOW + 3600) -> dict[str, str]:
    return sign(PRIVATE, ID, resource, expires)


def test_signed_cookies_open_the_address_until_they_expire() -> None:
    verify(signed(), PUBLIC, ID, URL, NOW)
    verify(signed(), PUBLIC, ID, URL, NOW + 3599)
    with pytest.raises(Forbidden, match="have expired; sign in again"):
        verify(signed(), PUBLIC, ID, URL, NOW + 3600)


def test_the_policy_is_what_cloudfront_asks_for() -> None:
    made = signed("https://example.org/*")
    assert list(made) == ["CloudFront-Policy", "CloudFront-Signature", "CloudFront-Key-Pair-Id"]
    policy = base64.b64decode(made["CloudFront-Policy"].translate(TO_BYTES))
    assert policy == (
        b'{"Statement":[{"Resource":"https://example.org/*",'
        b'"Condition":{"DateLessThan":{"AWS:EpochTime":1800003600}}}]}'
    )
    signature = base64.b64decode(made["CloudFront-Signature"].translate(TO_BYTES))
    KEY.public_key().verify(signature, policy, padding.PKCS1v15(), hashes.SHA1())


def test_the_values_hold_no_character_that_a_cookie_may_not() -> None:
    for expires in range(NOW, NOW + 20):
        values = "".join(signed(expires=expires).values())
        assert not set(values) & set('+=/; ,"')


@pytest.mark.parametrize("name", cookies.NAMES)
def test_without_one_of_the_cookies_nothing_opens(name: str) -> None:
    some = {key: value for key, value in signed().items() if key != name}
    for given_ in (some, {**some, name: ""}):
        with pytest.raises(Forbidden, match="needs the cookies of a sign-in"):
            verify(given_, PUBLIC, ID, URL, NOW)


def test_a_refusal_is_one_of_permission() -> None:
    assert issubclass(Forbidden, NotPermitted)


def test_cookies_of_another_key_open_nothing() -> None:
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    with pytest.raises(Forbidden, match="signature is not valid"):
        verify(sign(pem, ID, EVERYWHERE, NOW + 1), PUBLIC, ID, URL, NOW)
    with pytest.raises(Forbidden, match="signed with another key"):
        verify(sign(pem, "K999", EVERYWHERE, NOW + 1), PUBLIC, ID, URL, NOW)


def test_a_policy_that_was_changed_after_signing_opens_nothing() -> None:
    longer = signed(expires=NOW + 999_999)["CloudFront-Policy"]
    with pytest.raises(Forbidden, match="signature is not valid"):
        verify({**signed(), "CloudFront-Policy": longer}, PUBLIC, ID, URL, NOW)


@pytest.mark.parametrize("path", ["/slides/a/slide.json", "/iiif/3/a/info.json"])
def test_the_cookies_of_a_session_open_every_path_to_tiles(path: str) -> None:
    verify(signed(), PUBLIC, ID, f"https://d111111abcdef8.cloudfront.net{path}", NOW)


@pytest.mark.parametrize(
    ("resource", "opens"),
    [
        (EVERYWHERE, True),
        ("http*://*/*", True),
        ("https://*/slides/*", True),
        ("https://d111111abcdef8.cloudfront.net/*", True),
        ("https://d111111abcdef?.cloudfront.net/*", True),
        ("https://d111111abcdef8xcloudfront.net/*", False),
        ("https://*/iiif/*", False),
        ("https://example.org/*", False),
        (URL, True),
        (URL.replace("?", "."), False),
        ("https://*/slides/", False),
        ("", False),
    ],
)
def test_a_resource_stands_for_the_addresses_that_its_wildcards_take(
    resource: str, opens: bool
) -> None:
    if opens:
        verify(signed(resource), PUBLIC, ID, URL, NOW)
    else:
        with pytest.raises(Forbidden, match="for another address"):
            verify(signed(resource), PUBLIC, ID, URL, NOW)


@pytest.mark.parametrize(
    "policy",
    [
        [],
        {},
        {"Statement": []},
        {"Statement": [{"Resource": "*"}]},
        {"Statement": [{"Resource": "*", "Condition": {}}]},
        {"Statement": [{"Resource": "*", "Condition": {"DateLessThan": {"AWS:EpochTime": "9"}}}]},
        {"Statement": [{"Resource": 1, "Condition": {"DateLessThan": {"AWS:EpochTime": NOW * 2}}}]},
        {
            "Statement": [
                {
                    "Resource": "*",
                    "Condition": {
                        "DateLessThan": {"AWS:EpochTime": NOW * 2},
                        "IpAddress": {"AWS:SourceIp": "192.0.2.0/24"},
                    },
                }
            ]
        },
    ],
)
def test_a_signed_policy_of_a_form_that_is_never_signed_opens_nothing(policy: Any) -> None:
    text = json.dumps(policy).encode()
    signature = KEY.sign(text, padding.PKCS1v15(), hashes.SHA1())
    made = {
        "CloudFront-Policy": cookies._encode(text),
        "CloudFront-Signature": cookies._encode(signature),
        "CloudFront-Key-Pair-Id": ID,
    }
    with pytest.raises(Forbidden, match="no policy that is known here"):
        verify(made, PUBLIC, ID, URL, NOW)


@settings(deadline=None)
@given(st.text(max_size=300), st.text(max_size=300))
def test_whatever_a_browser_sends_is_refused_and_breaks_nothing(
    policy: str, signature: str
) -> None:
    made = {
        "CloudFront-Policy": policy,
        "CloudFront-Signature": signature,
        "CloudFront-Key-Pair-Id": ID,
    }
    with pytest.raises(Forbidden):
        verify(made, PUBLIC, ID, URL, NOW)


def test_a_key_that_is_none_is_a_wrong_setting_and_not_shown() -> None:
    elliptic = ec.generate_private_key(ec.SECP256R1())
    pem = elliptic.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    for wrong in ("planted", pem, PUBLIC, unknown_kind("PRIVATE KEY", "020100300506032a03040400")):
        with pytest.raises(SettingsError, match="no RSA key in PEM form") as caught:
            sign(wrong, ID, EVERYWHERE, NOW)
        assert wrong not in str(caught.value)
    for wrong in ("planted", unknown_kind("PUBLIC KEY", "300506032a030403020000")):
        with pytest.raises(SettingsError, match="the public signing key is no RSA key"):
            verify(signed(), wrong, ID, URL, NOW)


def unknown_kind(label: str, content: str) -> str:
    """Return a key of an algorithm (1.2.3.4) that nobody knows."""
    body = bytes.fromhex(content)
    text = base64.b64encode(bytes([0x30, len(body)]) + body).decode()
    return f"-----BEGIN {label}-----\n{text}\n-----END {label}-----\n"
