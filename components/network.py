"""The VPC: private subnets with a free way to S3, and no other way out unless it is asked for."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

import pulumi
from pulumi import ComponentResource, CustomTimeouts, Input, Output, ResourceOptions
from pulumi_aws import ec2

from components.cidr import ZoneBlocks, vpc_block, zone_blocks, zone_letter
from components.encryption import Key
from components.flow_log import FlowLog, FlowLogArgs
from components.place import Place
from components.s3_endpoint import S3Endpoint, S3EndpointArgs, check_bucket_names

Egress = Literal["none", "nat-instance", "nat-gateway", "endpoints"]
NAT: tuple[Egress, ...] = ("nat-instance", "nat-gateway")

ANYWHERE = "0.0.0.0/0"
HTTPS = 443
PORTS = range(1, 65_536)
# A database's subnet group spans two zones, even if the database stands in one.
# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_VPC.WorkingWithRDSInstanceinaVPC.html
FEWEST_ZONES = 2
# Lambda gives its network interfaces back up to 20 minutes after the last function has gone.
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html
SLOW_DELETE = CustomTimeouts(delete="45m")


@dataclass(frozen=True, kw_only=True)
class NetworkArgs:
    """What a lab may decide about its network.

    ``zones`` are names such as ``eu-central-1a``. ``public`` is for what has to face the
    internet, such as a load balancer; ``attached`` is for what the edge reaches in private subnets.
    ``egress`` says what else than S3 the inside reaches, and
    ``egress_ports`` on which TCP ports; the ways themselves are built by ``Egress``. Through the
    S3 endpoint lead ways to ``buckets`` (ARNs of ours) and, for reading, to ``foreign_buckets``
    (names of AWS's own).
    """

    cidr: str
    zones: tuple[str, ...]
    place: Place
    log_days: int
    public: bool = False
    attached: bool = False
    egress: Egress = "none"
    egress_ports: tuple[int, ...] = (HTTPS,)
    key: Key | None = None
    buckets: tuple[Input[str], ...] = ()
    foreign_buckets: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        vpc_block(self.cidr)
        letters = [zone_letter(zone, self.place.region) for zone in self.zones]
        if len(letters) < FEWEST_ZONES or len(set(letters)) < len(letters):
            raise ValueError(
                f"network.zones: give {FEWEST_ZONES} or more different zones of "
                f"{self.place.region}, got {', '.join(self.zones) or 'none'}"
            )
        if self.egress not in get_args(Egress):
            raise ValueError(
                f"network.egress: {self.egress!r} is none of {', '.join(get_args(Egress))}"
            )
        check_bucket_names(self.foreign_buckets)
        if not self.egress_ports:
            raise ValueError("egress_ports: name a TCP port, such as 443")
        for port in self.egress_ports:
            if port not in PORTS:
                raise ValueError(f"egress_ports: {PORTS.start} to {PORTS.stop - 1}, got {port}")

    def blocks(self) -> dict[str, ZoneBlocks]:
        """Return the blocks of each zone by its letter, in the order of the zones."""
        vpc = vpc_block(self.cidr)
        letters = [zone_letter(zone, self.place.region) for zone in self.zones]
        return {letter: zone_blocks(vpc, letter) for letter in letters}


class Network(ComponentResource):
    """A VPC over two or more zones; nothing in it has a public address by itself."""

    vpc_id: Output[str]
    cidr: str
    zones: tuple[str, ...]
    place: Place
    egress: Egress
    egress_ports: tuple[int, ...]
    private_subnets: tuple[Output[str], ...]
    public_subnets: tuple[Output[str], ...]
    private_route_tables: tuple[Output[str], ...]
    s3_prefix_list: Output[str]

    def __init__(self, name: str, args: NetworkArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("labsight:network:Network", name, None, opts)
        child = ResourceOptions(parent=self)
        self.cidr, self.zones, self.place = args.cidr, args.zones, args.place
        self.egress, self.egress_ports = args.egress, args.egress_ports
        vpc = ec2.Vpc(
            f"{name}-vpc",
            cidr_block=args.cidr,
            enable_dns_support=True,
            enable_dns_hostnames=True,  # interface endpoints answer under the services' own names
            tags=named(name),
            opts=child,
        )
        self.vpc_id = vpc.id
        # Whoever forgets to name a group gets one that lets nothing in or out.
        ec2.DefaultSecurityGroup(f"{name}-closed", vpc_id=vpc.id, opts=child)
        self._private(name, args)
        self.public_subnets = ()
        if args.public or args.egress in NAT:
            self._public(name, args)
        elif args.attached:
            self._internet(name)
        self.s3_prefix_list = S3Endpoint(
            f"{name}-s3",
            S3EndpointArgs(
                vpc_id=vpc.id,
                route_tables=self.private_route_tables,
                place=args.place,
                buckets=args.buckets,
                foreign_buckets=args.foreign_buckets,
            ),
            child,
        ).prefix_list
        FlowLog(
            f"{name}-flows",
            FlowLogArgs(vpc_id=vpc.id, place=args.place, log_days=args.log_days, key=args.key),
            child,
        )
        self.register_outputs({"vpc_id": self.vpc_id})

    @property
    def letters(self) -> tuple[str, ...]:
        """The zones' letters, for names that hold in every region."""
        return tuple(zone_letter(zone, self.place.region) for zone in self.zones)

    @property
    def leads_out(self) -> bool:
        """Whether something inside can reach the internet."""
        return self.egress in NAT

    def _private(self, name: str, args: NetworkArgs) -> None:
        """One subnet and one route table a zone, so that each zone may have its own way out."""
        subnets = self._subnets(
            f"{name}-private", ((letter, zone.private) for letter, zone in args.blocks().items())
        )
        tables = []
        for letter, subnet in zip(self.letters, subnets, strict=True):
            table = self._route_table(f"{name}-private-{letter}")
            self._associate(f"{name}-private-{letter}", table, subnet)
            tables.append(table.id)
        self.private_subnets = tuple(subnets)
        self.private_route_tables = tuple(tables)

    def _public(self, name: str, args: NetworkArgs) -> None:
        """Subnets behind an internet gateway, which all share one route table."""
        gateway = self._internet(name)
        table = self._route_table(f"{name}-public")
        route = ec2.Route(
            f"{name}-public-out",
            route_table_id=table.id,
            destination_cidr_block=ANYWHERE,
            gateway_id=gateway.id,
            opts=ResourceOptions(parent=self),
        )
        subnets = self._subnets(
            f"{name}-public", ((letter, zone.public) for letter, zone in args.blocks().items())
        )
        for letter, subnet in zip(self.letters, subnets, strict=True):
            self._associate(f"{name}-public-{letter}", table, subnet)
        # Whoever takes a public subnet waits for the way out, and is gone before it goes.
        self.public_subnets = tuple(
            Output.all(subnet, route.id).apply(lambda both: str(both[0])) for subnet in subnets
        )

    def _internet(self, name: str) -> ec2.InternetGateway:
        """Attach the gateway that leads nowhere by itself: no private route table names it.

        CloudFront asks for one in the VPC of an origin, as a sign that traffic from outside is
        wanted there, and does not send it that way.
        https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-vpc-origins.html
        """
        return ec2.InternetGateway(
            f"{name}-internet",
            vpc_id=self.vpc_id,
            tags=named(name),
            opts=ResourceOptions(parent=self),
        )

    def _subnets(self, name: str, blocks: Iterable[tuple[str, object]]) -> list[Output[str]]:
        return [
            ec2.Subnet(
                f"{name}-{letter}",
                vpc_id=self.vpc_id,
                availability_zone=f"{self.place.region}{letter}",
                cidr_block=str(block),
                map_public_ip_on_launch=False,
                tags=named(f"{name}-{letter}"),
                opts=ResourceOptions(parent=self, custom_timeouts=SLOW_DELETE),
            ).id
            for letter, block in blocks
        ]

    def _route_table(self, name: str) -> ec2.RouteTable:
        return ec2.RouteTable(
            f"{name}-routes",
            vpc_id=self.vpc_id,
            tags=named(name),
            opts=ResourceOptions(parent=self),
        )

    def _associate(self, name: str, table: ec2.RouteTable, subnet: Output[str]) -> None:
        ec2.RouteTableAssociation(
            f"{name}-association",
            route_table_id=table.id,
            subnet_id=subnet,
            opts=ResourceOptions(parent=self),
        )


def named(name: str) -> dict[str, str]:
    """Tag a thing that AWS knows by an id alone with a name that tells stacks apart."""
    return {"Name": f"{pulumi.get_project()}-{pulumi.get_stack()}-{name}"}
