"""Private ways to an AWS service, for what stands in the VPC and has no way out. Priced by hour."""

import re
from dataclasses import dataclass
from typing import Literal

from pulumi import ComponentResource, Input, Output, ResourceOptions
from pulumi_aws import ec2

from components.iam import POLICY_VERSION
from components.network import HTTPS, Network, named
from components.place import Place
from components.security_group import SecurityGroup, SecurityGroupArgs

# A file gateway calls with credentials that the service gave it, not with a role of this account.
OWN_CREDENTIALS = {"storagegateway"}

_SERVICE = re.compile(r"[a-z0-9]+([.-][a-z0-9]+)*")


@dataclass(frozen=True, kw_only=True)
class InterfaceEndpointArgs:
    """The service, such as ``secretsmanager``, and in how many zones it stands.

    One zone's endpoint serves all zones at half the price of two, and fails with its zone.
    ``policy`` says what may be done through it; without one, that is up to IAM alone.
    """

    network: Network
    service: str
    subnets: Literal[1, "all"] = 1
    policy: Input[str] | None = None

    def __post_init__(self) -> None:
        if not _SERVICE.fullmatch(self.service) or self.service.startswith("com.amazonaws"):
            raise ValueError(
                f"service: {self.service!r}; write the short name, such as secretsmanager"
            )
        if self.service in {"s3", "dynamodb"}:
            raise ValueError(
                f"service: {self.service} has gateway endpoints, which cost nothing; "
                "the network has the one for S3"
            )
        if self.subnets not in {1, "all"}:
            raise ValueError(f"subnets: 1 or 'all', got {self.subnets!r}")


class InterfaceEndpoint(ComponentResource):
    """A service's address inside the VPC, under its own name; groups are let in one by one."""

    id: Output[str]
    dns_name: Output[str]
    group: SecurityGroup

    def __init__(
        self, name: str, args: InterfaceEndpointArgs, opts: ResourceOptions | None = None
    ) -> None:
        super().__init__("labsight:network:InterfaceEndpoint", name, None, opts)
        child = ResourceOptions(parent=self)
        self._service = args.service
        self.group = SecurityGroup(
            name,
            SecurityGroupArgs(
                network=args.network, description=f"Interface endpoint of {args.service}"
            ),
            child,
        )
        subnets = args.network.private_subnets
        endpoint = ec2.VpcEndpoint(
            f"{name}-endpoint",
            vpc_id=args.network.vpc_id,
            vpc_endpoint_type="Interface",
            service_name=f"com.amazonaws.{args.network.place.region}.{args.service}",
            private_dns_enabled=True,
            subnet_ids=list(subnets if args.subnets == "all" else subnets[:1]),
            security_group_ids=[self.group.id],
            policy=args.policy,
            tags=named(name),
            opts=child,
        )
        self.id = endpoint.id
        # The first of the names leads to all zones of the endpoint.
        self.dns_name = endpoint.dns_entries.apply(lambda entries: entries[0].dns_name or "")
        self.register_outputs({"id": self.id, "dns_name": self.dns_name})

    def allow(self, group: SecurityGroup, ports: tuple[int, ...] = (HTTPS,)) -> None:
        """Let a group call the service."""
        for port in ports:
            self.group.accept(group, port, f"Calls to {self._service}")


class Endpoints:
    """The interface endpoints of a network, made when first asked for.

    A VPC takes one endpoint with a service's own name: features that need the same one share it.
    """

    def __init__(self, network: Network, opts: ResourceOptions | None = None) -> None:
        self._network, self._opts = network, opts
        self._made: dict[str, InterfaceEndpoint] = {}

    def of(self, service: str) -> InterfaceEndpoint:
        """Return the network's endpoint of a service, for this account's identities alone."""
        if service not in self._made:
            closed = service not in OWN_CREDENTIALS
            self._made[service] = InterfaceEndpoint(
                service.replace(".", "-"),
                InterfaceEndpointArgs(
                    network=self._network,
                    service=service,
                    policy=own_account(self._network.place) if closed else None,
                ),
                self._opts,
            )
        return self._made[service]


def own_account(place: Place) -> Output[str]:
    """Write an endpoint policy that lets this account's identities through, with their rights.

    Keys of another account, brought in from outside, then lead nowhere.
    """
    statement = {
        "Sid": "OwnIdentities",
        "Effect": "Allow",
        "Principal": "*",
        "Action": "*",
        "Resource": "*",
        "Condition": {"StringEquals": {"aws:PrincipalAccount": place.account}},
    }
    return Output.json_dumps({"Version": POLICY_VERSION, "Statement": [statement]})
