"""A load balancer without a public address, which CloudFront alone reaches, through the VPC."""

from dataclasses import dataclass

import pulumi
from pulumi import ComponentResource, Output, ResourceOptions
from pulumi_aws import cloudfront, ec2, lb

from components.naming import checked
from components.network import Network
from components.security_group import SecurityGroup, SecurityGroupArgs

HTTP, HTTPS = 80, 443
EDGE_ADDRESSES = "com.amazonaws.global.cloudfront.origin-facing"
HEALTHY, UNHEALTHY = 2, 3  # checks in a row
CHECK_SECONDS = 10
DRAIN_SECONDS = 30  # longer than any answer takes


@dataclass(frozen=True, kw_only=True)
class BalancerArgs:
    """Where it stands, on which port the servers behind it answer, and what proves them alive."""

    network: Network
    port: int
    health_path: str


class Balancer(ComponentResource):
    """Spreads requests over the servers in its target group; the edge's traffic comes in by HTTP.

    The way from CloudFront to its interface in our subnets is AWS's own network, and from there to
    the balancer it is the VPC: no address of it is public, and no certificate would name it.
    """

    host: Output[str]
    vpc_origin_id: Output[str]
    target_group: Output[str]
    dimensions: dict[str, Output[str]]
    group: SecurityGroup

    def __init__(self, name: str, args: BalancerArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("labsight:network:Balancer", name, None, opts)
        child = ResourceOptions(parent=self)
        self.group = SecurityGroup(
            name,
            SecurityGroupArgs(network=args.network, description="Balancer that the edge reaches"),
            child,
        )
        edge = ec2.get_managed_prefix_list(name=EDGE_ADDRESSES)
        self.group.accept_list(edge.id, HTTP, "CloudFront to the balancer")
        balancer = lb.LoadBalancer(
            f"{name}-balancer",
            internal=True,
            load_balancer_type="application",
            subnets=list(args.network.private_subnets),
            security_groups=[self.group.id],
            drop_invalid_header_fields=True,
            desync_mitigation_mode="strictest",
            opts=child,
        )
        targets = self._targets(name, args)
        listener = lb.Listener(
            f"{name}-listener",
            load_balancer_arn=balancer.arn,
            port=HTTP,
            protocol="HTTP",
            default_actions=[{"type": "forward", "target_group_arn": targets.arn}],
            opts=child,
        )
        self.host = balancer.dns_name
        self.target_group, self.ready = targets.arn, listener
        self.dimensions = {
            "LoadBalancer": balancer.arn_suffix,
            "TargetGroup": targets.arn_suffix,
        }
        self.vpc_origin_id = self._vpc_origin(name, balancer, listener)
        self.register_outputs({"host": self.host})

    def _targets(self, name: str, args: BalancerArgs) -> lb.TargetGroup:
        return lb.TargetGroup(
            f"{name}-servers",
            vpc_id=args.network.vpc_id,
            target_type="ip",
            port=args.port,
            protocol="HTTP",
            deregistration_delay=DRAIN_SECONDS,
            # Tiles differ much in what they cost: who has least to do gets the next.
            load_balancing_algorithm_type="least_outstanding_requests",
            health_check={
                "path": args.health_path,
                "matcher": "200",
                "interval": CHECK_SECONDS,
                "timeout": CHECK_SECONDS // 2,
                "healthy_threshold": HEALTHY,
                "unhealthy_threshold": UNHEALTHY,
            },
            opts=ResourceOptions(parent=self),
        )

    def _vpc_origin(
        self, name: str, balancer: lb.LoadBalancer, listener: lb.Listener
    ) -> Output[str]:
        """Let CloudFront put its interface into our subnets.

        https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-vpc-origins.html
        """
        owner = f"{pulumi.get_project()}-{pulumi.get_stack()}-{name}"
        origin = cloudfront.VpcOrigin(
            f"{name}-origin",
            vpc_origin_endpoint_config={
                "name": checked("aws:cloudfront/vpcOrigin:VpcOrigin", owner),
                "arn": balancer.arn,
                "http_port": HTTP,
                "https_port": HTTPS,
                "origin_protocol_policy": "http-only",
                "origin_ssl_protocols": {"items": ["TLSv1.2"], "quantity": 1},
            },
            opts=ResourceOptions(parent=self, depends_on=[listener]),
        )
        return origin.id
