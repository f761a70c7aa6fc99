"""A program that is a file gateway and what it stands on, for the gateway's tests."""

from typing import Any

from pulumi import Output
from pulumi_aws import ec2

from components.archive import Archive, ArchiveArgs
from components.gateway import Directory, FileGateway, FileGatewayArgs
from components.gateway_power import GatewayPower, GatewayPowerArgs
from components.network import Network, NetworkArgs
from components.place import Place
from components.security_group import SecurityGroup, SecurityGroupArgs
from tests.support.functions import platform
from tests.support.pulumi_outputs import ACCOUNT, REGION

PLACE = Place(ACCOUNT, REGION)
DIRECTORY = Directory(
    domain="corp.example.org", user="join", password="planted-secret", users=("@pathology",)
)
INVOCATION = "aws:lambda/invocation:Invocation"
SHARE = "aws:storagegateway/smbFileShare:SmbFileShare"


def network() -> Network:
    zones = (f"{REGION}a", f"{REGION}b")
    return Network(
        "network", NetworkArgs(cidr="10.20.0.0/16", zones=zones, place=PLACE, log_days=30)
    )


def archive(**changes: Any) -> Archive:
    least = {"write_once": "slides/", "remade": ("derived/",), "log_days": 30}
    return Archive("archive", ArchiveArgs(**{**least, **changes}))


def gateway(**changes: Any) -> FileGateway:
    """Declare a gateway with all that it needs; ``changes`` are arguments of its own."""
    least: dict[str, Any] = {
        "network": network(),
        "archive": archive(),
        "platform": platform(),
        "slides": "slides/",
        "work": "work/",
        "secret_days": 7,
    }
    return FileGateway("gateway", FileGatewayArgs(**{**least, **changes}))


def gateway_and_desktop(**changes: Any) -> Output[str]:
    """Declare a gateway that a desktop uses and is followed by."""
    functions = platform()
    inside = network()
    made = gateway(platform=functions, network=inside, **changes)
    group = SecurityGroup("desktop", SecurityGroupArgs(network=inside, description="Desktop"))
    made.group.accept(group, 445, "Shares")
    desktop = ec2.Instance("desktop", ami="ami-1", instance_type="t3.xlarge")
    GatewayPower(
        "gateway-power",
        GatewayPowerArgs(gateway=made, desktop=desktop.id, platform=functions, place=PLACE),
    )
    return made.share_path
