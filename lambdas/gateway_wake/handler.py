"""Starts a stopped gateway when the stack is taken away: its shares cannot be deleted without."""

import logging
from typing import Any

from labsight.gateway.aws import CALL_SECONDS, Ec2Instance, StorageGateway, client
from labsight.gateway.power import wake
from labsight.gateway.settings import GatewayEnvironment

# Under the function's own limit of 15 minutes, whatever the last two calls take, so that it can
# still say how it ended.
SECONDS = 880.0 - 2 * CALL_SECONDS

_log = logging.getLogger(__name__)
_environment = GatewayEnvironment()
_environment.configure_logging()
_appliance = Ec2Instance(_environment.appliance, client("ec2"))
_gateway = StorageGateway(_environment.gateway, client("storagegateway"))


def handle(event: dict[str, Any], _context: object) -> dict[str, str]:
    """Act when Pulumi deletes this call, and only then; never stand in the way of the rest."""
    if event.get("tf", {}).get("action") != "delete":
        return {"gateway": "left alone"}
    try:
        found = wake(_appliance, _gateway, seconds=SECONDS)
    except Exception:  # noqa: BLE001 - what cannot be started must not stop a destroy
        _log.exception("the gateway could not be started; its shares are deleted as it is")
        return {"gateway": "unknown"}
    _log.info("the gateway is %s", found)
    return {"gateway": found}
