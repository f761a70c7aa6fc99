"""Fetches the activation key of a new appliance, which answers inside its network alone."""

from typing import Any

from labsight.gateway.activation import Patience, fetch_key
from labsight.gateway.settings import GatewayEnvironment

_environment = GatewayEnvironment()
_environment.configure_logging()
_region, _endpoint = _environment.region, _environment.endpoint
_patience = Patience()


def handle(event: dict[str, Any], _context: object) -> str:
    """Return the key for the appliance at the event's address; it is good once, for 30 minutes."""
    return fetch_key(str(event["address"]), region=_region, endpoint=_endpoint, patience=_patience)
