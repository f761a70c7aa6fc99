"""The ways out of the VPC besides S3: a gateway, a machine, or the private ends of services."""

from dataclasses import dataclass

from pulumi import ComponentResource, Input, ResourceOptions
from pulumi_aws import ec2

from components.endpoint import Endpoints, InterfaceEndpoint
from components.nat_instance import NatInstance, NatInstanceArgs
from components.network import ANYWHERE, Network, named
from components.security_group import SecurityGroup


@dataclass(frozen=True, kw_only=True)
class EgressArgs:
    """The network, whose ``egress`` says which way is built.

    ``endpoints`` hands out interface endpoints, and ``services`` are those that the way
    ``endpoints`` leads to. With ``each_zone`` every zone has a NAT gateway of its own, so that one
    zone's failure leaves the others' way open; each is paid by the hour.
    """

    network: Network
    endpoints: Endpoints
    services: tuple[str, ...] = ()
    each_zone: bool = False

    def __post_init__(self) -> None:
        if self.network.egress == "endpoints" and not self.services:
            raise ValueError(
                "network.egress: endpoints, but no feature of this stack calls a service from "
                "inside; set it to none"
            )


class Egress(ComponentResource):
    """Whichever way out the network was given, and nothing if it has none.

    Traffic to S3 never takes it: the route of the network's S3 endpoint is more specific.
    """

    def __init__(self, name: str, args: EgressArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("labsight:network:Egress", name, None, opts)
        self._services: list[InterfaceEndpoint] = []
        network = args.network
        if network.egress == "nat-gateway":
            self._gateways(name, network, each_zone=args.each_zone)
        elif network.egress == "nat-instance":
            nat = NatInstance(
                f"{name}-nat", NatInstanceArgs(network=network), ResourceOptions(parent=self)
            )
            for letter in network.letters:
                self._route(name, network, letter, instance=nat.interface)
        elif network.egress == "endpoints":
            self._services = [args.endpoints.of(service) for service in args.services]
        self.register_outputs({})

    def allow(self, group: SecurityGroup) -> None:
        """Let a group call the services of the way ``endpoints``."""
        for endpoint in self._services:
            endpoint.allow(group)

    def _gateways(self, name: str, network: Network, *, each_zone: bool) -> None:
        """One NAT gateway for all zones, or one for each."""
        standing = network.letters if each_zone else network.letters[:1]
        gateways = {
            letter: self._gateway(f"{name}-{letter}", subnet)
            for letter, subnet in zip(standing, network.public_subnets, strict=False)
        }
        for letter in network.letters:
            gateway = gateways.get(letter, gateways[standing[0]])
            self._route(name, network, letter, gateway=gateway.id)

    def _gateway(self, name: str, subnet: Input[str]) -> ec2.NatGateway:
        child = ResourceOptions(parent=self)
        address = ec2.Eip(f"{name}-address", domain="vpc", tags=named(name), opts=child)
        return ec2.NatGateway(
            f"{name}-gateway",
            allocation_id=address.id,
            subnet_id=subnet,
            tags=named(name),
            opts=child,
        )

    def _route(
        self,
        name: str,
        network: Network,
        letter: str,
        *,
        gateway: Input[str] | None = None,
        instance: Input[str] | None = None,
    ) -> None:
        """Lead one zone out, under the same name whatever the way.

        A change from one way to another then changes the route, where a second one to the same
        destination would be refused.
        """
        table = network.private_route_tables[network.letters.index(letter)]
        ec2.Route(
            f"{name}-out-{letter}",
            route_table_id=table,
            destination_cidr_block=ANYWHERE,
            nat_gateway_id=gateway,
            network_interface_id=instance,
            opts=ResourceOptions(parent=self),
        )
