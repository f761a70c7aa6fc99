"""Who may open a connection to whom: groups that are closed until a rule with a reason is added."""

import re
from dataclasses import dataclass
from typing import Literal

from pulumi import ComponentResource, Input, Output, ResourceOptions
from pulumi_aws import ec2, vpc

from components.network import ANYWHERE, HTTPS, PORTS, SLOW_DELETE, Network

Protocol = Literal["tcp", "udp"]

# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSecurityGroup.html
_DESCRIPTION = re.compile(r"[a-zA-Z0-9. _\-:/()#,@\[\]+=&;{}!$*]{1,255}")


@dataclass(frozen=True, kw_only=True)
class SecurityGroupArgs:
    """The network the group is for, and what carries it."""

    network: Network
    description: str

    def __post_init__(self) -> None:
        checked_description(self.description)


class SecurityGroup(ComponentResource):
    """A group without any rule; methods add one at a time, at both ends where both are ours."""

    id: Output[str]
    label: str

    def __init__(
        self, name: str, args: SecurityGroupArgs, opts: ResourceOptions | None = None
    ) -> None:
        super().__init__("labsight:network:SecurityGroup", name, None, opts)
        self.label, self._network = name, args.network
        self._rules: set[str] = set()
        group = ec2.SecurityGroup(
            f"{name}-group",
            vpc_id=args.network.vpc_id,
            description=args.description,
            opts=ResourceOptions(parent=self, custom_timeouts=SLOW_DELETE),
        )
        self.id = group.id
        self.register_outputs({"id": self.id})

    def accept(
        self, other: "SecurityGroup", port: int, why: str, protocol: Protocol = "tcp"
    ) -> None:
        """Let ``other`` connect to this group: a rule in here, and one out of there.

        It may be asked for twice, by features that share a group; the first reason stays.
        """
        tail = _port_name(port, protocol)
        rule = f"{self.label}-from-{other.label}-{tail}"
        if not self._is_new(rule):
            return
        vpc.SecurityGroupIngressRule(
            rule,
            security_group_id=self.id,
            referenced_security_group_id=other.id,
            ip_protocol=protocol,
            from_port=port,
            to_port=port,
            description=checked_description(why),
            opts=ResourceOptions(parent=self),
        )
        vpc.SecurityGroupEgressRule(
            f"{other.label}-to-{self.label}-{tail}",
            security_group_id=other.id,
            referenced_security_group_id=self.id,
            ip_protocol=protocol,
            from_port=port,
            to_port=port,
            description=checked_description(why),
            opts=ResourceOptions(parent=other),
        )

    def accept_list(self, prefix_list: Input[str], port: int, why: str) -> None:
        """Let in whoever a prefix list names, such as the edge's own addresses."""
        rule = f"{self.label}-from-list-{_port_name(port, 'tcp')}"
        if not self._is_new(rule):
            return
        vpc.SecurityGroupIngressRule(
            rule,
            security_group_id=self.id,
            prefix_list_id=prefix_list,
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
            description=checked_description(why),
            opts=ResourceOptions(parent=self),
        )

    def reach_s3(self, why: str) -> None:
        """Let this group connect to S3, through the network's endpoint."""
        rule = f"{self.label}-to-s3"
        if not self._is_new(rule):
            return
        vpc.SecurityGroupEgressRule(
            rule,
            security_group_id=self.id,
            prefix_list_id=self._network.s3_prefix_list,
            ip_protocol="tcp",
            from_port=HTTPS,
            to_port=HTTPS,
            description=checked_description(why),
            opts=ResourceOptions(parent=self),
        )

    def reach_anywhere(self, port: int, why: str) -> None:
        """Let this group connect to any address on one TCP port, where the network leads out."""
        tail = _port_name(port, "tcp")
        if not self._network.leads_out:
            raise ValueError(
                f"network.egress: {self._network.egress}, but {self.label} has to reach port "
                f"{port} outside ({why}); set network.egress to nat-instance or nat-gateway"
            )
        if port not in self._network.egress_ports:
            open_ports = ", ".join(map(str, self._network.egress_ports))
            raise ValueError(
                f"{self.label}: port {port} outside ({why}), but the network lets out TCP ports "
                f"{open_ports} alone; add it to egress_ports"
            )
        rule = f"{self.label}-to-anywhere-{tail}"
        if not self._is_new(rule):
            return
        vpc.SecurityGroupEgressRule(
            rule,
            security_group_id=self.id,
            cidr_ipv4=ANYWHERE,
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
            description=checked_description(why),
            opts=ResourceOptions(parent=self),
        )

    def _is_new(self, rule: str) -> bool:
        """Say whether a rule is not there yet, and note it."""
        new = rule not in self._rules
        self._rules.add(rule)
        return new


def checked_description(text: str) -> str:
    """Return a description that EC2 takes, or raise ValueError."""
    if not _DESCRIPTION.fullmatch(text):
        raise ValueError(
            f"description {text!r}: EC2 takes 1 to 255 of a-z, A-Z, 0-9, blanks and "
            "._-:/()#,@[]+=&;{}!$*"
        )
    return text


def _port_name(port: int, protocol: Protocol) -> str:
    if port not in PORTS:
        raise ValueError(f"port: {PORTS.start} to {PORTS.stop - 1}, got {port}")
    return str(port) if protocol == "tcp" else f"{port}-{protocol}"
