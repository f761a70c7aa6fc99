"""The way to a machine without a public address: a tunnel that IAM opens, to one port of it."""

from dataclasses import dataclass

from pulumi import ComponentResource, Output, ResourceOptions
from pulumi_aws import ec2transitgateway

from components.network import Network, named
from components.security_group import SecurityGroup, SecurityGroupArgs

# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/connect-with-ec2-instance-connect-endpoint.html
PORTS = (22, 3389)


@dataclass(frozen=True, kw_only=True)
class ConnectEndpointArgs:
    """The group of the machine, and the port that the tunnel leads to."""

    network: Network
    target: SecurityGroup
    port: int

    def __post_init__(self) -> None:
        if self.port not in PORTS:
            raise ValueError(
                f"port: an EC2 Instance Connect Endpoint leads to {PORTS[0]} or {PORTS[1]}, "
                f"got {self.port}"
            )


class ConnectEndpoint(ComponentResource):
    """An EC2 Instance Connect Endpoint; free of charge, one to a VPC.

    Who may open a tunnel is up to IAM (ec2-instance-connect:OpenTunnel), and each one is in
    CloudTrail. The machine sees the endpoint and not the caller's address, so that one rule between
    two groups says it all.
    """

    id: Output[str]
    arn: Output[str]

    def __init__(
        self, name: str, args: ConnectEndpointArgs, opts: ResourceOptions | None = None
    ) -> None:
        super().__init__("labsight:network:ConnectEndpoint", name, None, opts)
        group = SecurityGroup(
            name,
            SecurityGroupArgs(network=args.network, description="EC2 Instance Connect Endpoint"),
            ResourceOptions(parent=self),
        )
        args.target.accept(group, args.port, "Tunnel of an operator who IAM lets in")
        endpoint = ec2transitgateway.InstanceConnectEndpoint(
            f"{name}-endpoint",
            subnet_id=args.network.private_subnets[0],
            security_group_ids=[group.id],
            preserve_client_ip=False,
            tags=named(name),
            opts=ResourceOptions(parent=self),
        )
        self.id, self.arn = endpoint.id, endpoint.arn
        self.register_outputs({"id": self.id})
