"""Shows new objects of the archive on the gateway's shares, some minutes after they arrived."""

import dataclasses
from typing import Any

from labsight.gateway.aws import Ec2Instance, SqsQueue, StorageGateway, client
from labsight.gateway.refresh import Refresher
from labsight.gateway.settings import GatewayEnvironment

_environment = GatewayEnvironment()
_environment.configure_logging()
_refresher = Refresher(
    waiting=SqsQueue(_environment.refresh_queue, client("sqs")),
    appliance=Ec2Instance(_environment.appliance, client("ec2")),
    gateway=StorageGateway(_environment.gateway, client("storagegateway")),
    shares=_environment.shares,
    address=_environment.appliance_address,
)


def handle(_event: dict[str, Any], _context: object) -> dict[str, int]:
    """Work off all notices that wait, with one request a share."""
    return dataclasses.asdict(_refresher.run())
