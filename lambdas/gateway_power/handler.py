"""Lets the gateway's appliance run while the desktop runs."""

import json
import logging
from datetime import UTC, datetime
from typing import Any

from labsight.errors import GatewayUnavailable
from labsight.gateway.aws import Ec2Instance, client, unsaved_percent
from labsight.gateway.power import SETTLE, Power
from labsight.gateway.settings import GatewayEnvironment

_log = logging.getLogger(__name__)
_environment = GatewayEnvironment()
_environment.configure_logging()
_ec2, _cloudwatch = client("ec2"), client("cloudwatch")
_gateway_id, _gateway_name = _environment.gateway_id, _environment.gateway_name
_power = Power(
    appliance=Ec2Instance(_environment.appliance, _ec2),
    desktop=Ec2Instance(_environment.desktop, _ec2),
    unsaved=lambda: unsaved_percent(
        _cloudwatch, gateway_id=_gateway_id, gateway_name=_gateway_name
    ),
)


def handle(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Follow each change of the desktop that a message tells of; what has to wait comes again.

    A call without messages comes by the clock, and comes again in any case.
    """
    if "Records" not in event:
        _by_the_clock(datetime.now(UTC))
        return {}
    again = []
    for record in event["Records"]:
        try:
            asked = datetime.fromisoformat(json.loads(record["body"])["time"])
            _log.info("the appliance: %s", _power.follow(asked, datetime.now(UTC)))
        except GatewayUnavailable as error:
            _log.info("later: %s", error.message)
            again.append({"itemIdentifier": record["messageId"]})
        except Exception:  # noqa: BLE001 - the others go on, and the queue keeps this one
            _log.exception("message %s goes back to the queue", record["messageId"])
            again.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": again}


def _by_the_clock(now: datetime) -> None:
    try:
        _log.info("the appliance: %s", _power.follow(now - SETTLE, now))
    except GatewayUnavailable as error:
        _log.info("not yet: %s", error.message)
