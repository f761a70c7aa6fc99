"""Items that are billed by the hour: workstation, file gateway, ways out of the network."""

from collections.abc import Iterator
from dataclasses import dataclass

from components.tile_service import SERVICES as CONTAINERS
from stacks.cost.prices import Prices
from stacks.cost.workload import HOURS, Workload
from stacks.settings import Settings

GATEWAY_ROOT_GB = 80
# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/manage-detailed-monitoring.html
EC2_METRICS = 7
NAT_TYPE, NAT_DISK_GB = "t4g.nano", 8
# Services whose private ends stand in the VPC, each in one zone.
SESSION_MANAGER = ("ssm", "ssmmessages")
EGRESS_SERVICES = ("secretsmanager", *SESSION_MANAGER)


@dataclass(frozen=True, kw_only=True)
class Item:
    """$ a month: ``fixed`` is due even when all is switched off, ``used`` comes with use."""

    name: str
    cause: str
    fixed: float = 0.0
    used: float = 0.0


def desktop(settings: Settings, work: Workload, prices: Prices) -> Iterator[Item]:
    """Return the workstation's hours and its disk, which stays when it is stopped."""
    if not settings.has("desktop"):
        return
    chosen = settings.desktop
    hourly = prices.of_type("ec2", chosen.instance_type, "desktop.instanceType")
    if chosen.kind == "windows":
        hourly += prices.of_type("windows", chosen.instance_type, "desktop.instanceType")
    hours = HOURS if _never_stops(settings) else work.desktop_hours
    yield Item(
        name=f"desktop {chosen.instance_type}, {chosen.kind}",
        cause="desktop.instanceType, desktop.kind",
        used=hours * hourly,
    )
    yield _monitoring("desktop", hours, prices)
    yield Item(
        name="desktop disk", cause="desktop.diskGb", fixed=chosen.disk_gb * prices["ebs.gp3"]
    )
    if makes_password(settings):
        yield Item(
            name="secret of the desktop", cause="desktop.keyPair", fixed=prices["secrets.secret"]
        )


def _monitoring(machine: str, hours: float, prices: Prices) -> Item:
    """Return a figure a minute of each of EC2's metrics, billed while the machine runs."""
    monthly = EC2_METRICS * prices["cloudwatch.metric"]
    return Item(name=f"monitoring of the {machine}", cause=machine, used=monthly * hours / HOURS)


def makes_password(settings: Settings) -> bool:
    """Say whether the workstation makes a password and stores it; DCV always asks for one."""
    return settings.desktop.kind == "linux-dcv" or settings.desktop.key_pair is None


def _never_stops(settings: Settings) -> bool:
    return settings.desktop.idle_minutes == 0 and settings.desktop.stop_at is None


def gateway(settings: Settings, work: Workload, prices: Prices) -> Iterator[Item]:
    """Return the appliance's hours, which are the desktop's, and its disks, which stay."""
    if not settings.has("gateway"):
        return
    chosen = settings.gateway
    hours = HOURS if _never_stops(settings) else work.desktop_hours
    yield Item(
        name=f"gateway {chosen.instance_type}",
        cause="gateway.instanceType",
        used=hours * prices.of_type("ec2", chosen.instance_type, "gateway.instanceType"),
    )
    yield _monitoring("gateway", hours, prices)
    yield Item(
        name="gateway disks",
        cause="gateway.cacheGb",
        fixed=(GATEWAY_ROOT_GB + chosen.cache_gb) * prices["ebs.gp3"],
    )
    yield Item(name="secret of the shares", cause="gateway", fixed=prices["secrets.secret"])


def network(settings: Settings, _work: Workload, prices: Prices) -> Iterator[Item]:
    """Return the ways out of the VPC besides the free one to S3."""
    for service, cause in sorted(_endpoints(settings).items()):
        yield Item(name=f"endpoint {service}", cause=cause, fixed=HOURS * prices["endpoint.hour"])
    egress = settings.network.egress
    cause = f"network.egress {egress}"
    if egress == "nat-gateway":
        gateways = _zones(settings) if settings.regulated else 1
        hourly = prices["nat.hour"] + prices["ipv4.hour"]
        yield Item(name="NAT gateway and its address", cause=cause, fixed=gateways * HOURS * hourly)
    elif egress == "nat-instance":
        hourly = prices[f"ec2.{NAT_TYPE}"] + prices["ipv4.hour"]
        yield Item(
            name=f"NAT machine {NAT_TYPE}, disk, address",
            cause=cause,
            fixed=HOURS * hourly + NAT_DISK_GB * prices["ebs.gp3"],
        )


def _endpoints(settings: Settings) -> dict[str, str]:
    """Return each interface endpoint and what needs it; two that need the same one share it."""
    found: dict[str, str] = {}
    if settings.has("gateway"):
        found["storagegateway"] = "gateway"
    if settings.has("desktop"):
        one_account = settings.has("gateway") and settings.gateway.directory is None
        if makes_password(settings) or one_account:
            found["secretsmanager"] = "desktop"
        if settings.desktop.access == "session-manager":
            found |= dict.fromkeys(SESSION_MANAGER, "desktop.access session-manager")
    if settings.network.egress == "endpoints":
        through = EGRESS_SERVICES if settings.has("desktop") else ()
        found |= {
            service: "network.egress endpoints"
            for service in (*through, *(CONTAINERS if settings.contains else ()))
            if service not in found
        }
    return found


def _zones(settings: Settings) -> int:
    return len(settings.network.zones) or 2
