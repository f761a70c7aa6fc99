"""Asks a fresh appliance for its activation key, over the network that it stands in.

https://docs.aws.amazon.com/filegateway/latest/files3/get-activation-key.html
"""

import http.client
import ipaddress
import logging
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import parse_qs, quote, urlencode, urlsplit

from labsight.errors import GatewayUnavailable, InvalidInput

# Five groups of five so far; the service takes up to 50 characters.
# https://docs.aws.amazon.com/storagegateway/latest/APIReference/API_ActivateGateway.html
_KEY = re.compile(r"[A-Z0-9]{1,25}(?:-[A-Z0-9]{1,25}){1,9}")
_LONGEST_KEY = 50
_MOST_BYTES = 64 << 10
_SHOWN = 80  # characters of an answer that was none
HTTP = 80

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How long to go on asking, for one answer, and between two questions (seconds).

    A new appliance takes some minutes until it answers at all.
    """

    altogether: float = 840.0
    answer: float = 10.0
    pause: float = 10.0
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


def fetch_key(
    address: str, *, region: str, endpoint: str, patience: Patience, port: int = HTTP
) -> str:
    """Return the key that activates the appliance at ``address`` in ``region``.

    ``endpoint`` is the DNS name of the VPC endpoint through which the gateway will talk to AWS.
    Raises InvalidInput for an address that is none of a private network, GatewayUnavailable when
    no key came in time.
    """
    target = f"/?{_question(region, endpoint)}"
    host = _checked(address)
    deadline = patience.clock() + patience.altogether
    while True:
        try:
            return _ask(host, port, target, patience.answer)
        except (OSError, http.client.HTTPException, _NoKey) as error:
            reason = str(error) or type(error).__name__
        _log.info("no activation key from %s yet: %s", host, reason)
        if patience.clock() + patience.pause >= deadline:
            raise GatewayUnavailable(
                f"the appliance at {host} gave no activation key within "
                f"{patience.altogether:.0f} s; the last try: {reason}. Check that the instance "
                "runs, that its security group lets this function in on port 80, that it reaches "
                f"the endpoint {endpoint}, and that it was not activated before: then it closes "
                "the port, and only a new appliance gives a key"
            )
        patience.sleep(patience.pause)


class _NoKey(Exception):
    """The appliance answered, and the answer holds no key."""


def _question(region: str, endpoint: str) -> str:
    """Write the documented query; its last word has no value, and asks for the key in the body."""
    asked = {
        "gatewayType": "FILE_S3",
        "activationRegion": region,
        "vpcEndpoint": endpoint,
    }
    return f"{urlencode(asked, quote_via=quote)}&no_redirect"


def _checked(address: str) -> str:
    """Only an appliance inside the network is asked, whatever the caller says."""
    try:
        parsed = ipaddress.IPv4Address(address)
    except ValueError:
        parsed = None
    if parsed is None or not parsed.is_private:
        raise InvalidInput(
            f"address {address[:60]!r}: the private IPv4 address of the appliance is needed"
        )
    return str(parsed)


def _ask(host: str, port: int, target: str, seconds: float) -> str:
    """Ask once; redirects, which lead to the console in the internet, are read and not followed."""
    connection = http.client.HTTPConnection(host, port, timeout=seconds)
    try:
        connection.request("GET", target)
        response = connection.getresponse()
        location = response.headers.get("Location", "")
        body = response.read(_MOST_BYTES).decode("ascii", "replace").strip()
    finally:
        connection.close()
    in_redirect: list[str] = parse_qs(urlsplit(location).query).get("activationKey", [])
    for candidate in (*in_redirect, body):
        if len(candidate) <= _LONGEST_KEY and _KEY.fullmatch(candidate):
            return candidate
    said = "".join(c if c.isprintable() else " " for c in (location or body))[:_SHOWN]
    raise _NoKey(f"status {response.status}, without a key: {said!r}")
