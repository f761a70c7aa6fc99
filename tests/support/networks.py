"""Networks and groups for tests of what stands in them."""

from typing import Any

from components.network import Network, NetworkArgs
from components.place import Place
from components.security_group import SecurityGroup, SecurityGroupArgs
from tests.support.pulumi_outputs import ACCOUNT, REGION

PLACE = Place(account=ACCOUNT, region=REGION)
ARGS = {
    "cidr": "10.20.0.0/16",
    "zones": (f"{REGION}a", f"{REGION}b"),
    "place": PLACE,
    "log_days": 30,
}


def network(**changes: Any) -> Network:
    return Network("network", NetworkArgs(**{**ARGS, **changes}))


def group(name: str, inside: Network) -> SecurityGroup:
    return SecurityGroup(name, SecurityGroupArgs(network=inside, description=f"What {name} is"))
