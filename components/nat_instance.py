"""The cheap way out of the VPC: one small machine that forwards what the inside may send."""

from dataclasses import dataclass
from string import Template

from pulumi import ComponentResource, Output, ResourceOptions
from pulumi_aws import cloudwatch, ec2, ssm, vpc

from components.network import ANYWHERE, HTTPS, Network, named
from components.security_group import SecurityGroup, SecurityGroupArgs

# https://docs.aws.amazon.com/linux/al2023/ug/ec2.html
IMAGE = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64"
INSTANCE_TYPE = "t4g.nano"
DISK_GB = 8

# AL2023 brings no firewall tools, and reaches its repositories once the address is attached, which
# happens some time after the start. The unit is ours: where the package puts its own is no matter.
_SCRIPT = Template("""\
#!/bin/bash
set -euo pipefail
until dnf --assumeyes install nftables; do sleep 5; done
echo 'net.ipv4.ip_forward = 1' > /etc/sysctl.d/90-nat.conf
cat > /etc/nat.nft <<'RULES'
flush ruleset
table ip nat {
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr $cidr ip daddr != $cidr masquerade
  }
}
table ip filter {
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    ip saddr $cidr ip daddr != $cidr tcp dport { $ports } accept
  }
}
RULES
cat > /etc/systemd/system/nat.service <<'UNIT'
[Unit]
Description=Forward what leaves the VPC
Wants=network-pre.target
Before=network-pre.target
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/sbin/nft -f /etc/nat.nft
[Install]
WantedBy=multi-user.target
UNIT
sysctl --system
systemctl daemon-reload
systemctl enable --now nat.service
""")


@dataclass(frozen=True, kw_only=True)
class NatInstanceArgs:
    """The network whose traffic is forwarded; it needs a public subnet."""

    network: Network


class NatInstance(ComponentResource):
    """One machine with a fixed address, open to the VPC alone; it holds nothing.

    EC2 moves it to sound hardware by itself, and an alarm restarts it when it hangs. A newer image
    replaces it in the next deployment: ways out are closed for about a minute then.
    """

    interface: Output[str]

    def __init__(
        self, name: str, args: NatInstanceArgs, opts: ResourceOptions | None = None
    ) -> None:
        super().__init__("labsight:network:NatInstance", name, None, opts)
        child = ResourceOptions(parent=self)
        network = args.network
        group = SecurityGroup(
            name,
            SecurityGroupArgs(network=network, description="Forwards what leaves the VPC"),
            child,
        )
        rules = self._rules(name, network, group)
        instance = ec2.Instance(
            f"{name}-instance",
            ami=ssm.get_parameter(name=IMAGE).insecure_value,
            instance_type=INSTANCE_TYPE,
            subnet_id=network.public_subnets[0],
            vpc_security_group_ids=[group.id],
            source_dest_check=False,  # it carries what others send
            user_data=nat_script(network.cidr, network.egress_ports),
            user_data_replace_on_change=True,
            metadata_options={
                "http_tokens": "required",
                "http_endpoint": "enabled",
                "http_put_response_hop_limit": 1,
            },
            root_block_device={"encrypted": True, "volume_size": DISK_GB, "volume_type": "gp3"},
            credit_specification={"cpu_credits": "standard"},  # unlimited ones may cost more
            ebs_optimized=True,
            tags=named(name),
            volume_tags=named(name),
            opts=ResourceOptions(parent=self, depends_on=rules),
        )
        ec2.Eip(f"{name}-address", domain="vpc", instance=instance.id, tags=named(name), opts=child)
        self._restart_when_stuck(name, network, instance)
        self.interface = instance.primary_network_interface_id
        self.register_outputs({"interface": self.interface})

    def _rules(
        self, name: str, network: Network, group: SecurityGroup
    ) -> list[vpc.SecurityGroupIngressRule | vpc.SecurityGroupEgressRule]:
        """In from the VPC, out to anywhere, on the ports that may leave; HTTPS for its own setup.

        Which groups may use them is said by those groups.
        """
        child = ResourceOptions(parent=self)
        rules: list[vpc.SecurityGroupIngressRule | vpc.SecurityGroupEgressRule] = [
            vpc.SecurityGroupIngressRule(
                f"{name}-from-vpc-{port}",
                security_group_id=group.id,
                cidr_ipv4=network.cidr,
                ip_protocol="tcp",
                from_port=port,
                to_port=port,
                description="Whatever in the VPC may leave it",
                opts=child,
            )
            for port in network.egress_ports
        ]
        rules += [
            vpc.SecurityGroupEgressRule(
                f"{name}-to-anywhere-{port}",
                security_group_id=group.id,
                cidr_ipv4=ANYWHERE,
                ip_protocol="tcp",
                from_port=port,
                to_port=port,
                description="What it forwards, and its own packages",
                opts=child,
            )
            for port in sorted({*network.egress_ports, HTTPS})
        ]
        return rules

    def _restart_when_stuck(self, name: str, network: Network, instance: ec2.Instance) -> None:
        """Let EC2 restart a machine whose system hangs; one on broken hardware it moves by itself.

        https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/UsingAlarmActions.html
        """
        cloudwatch.MetricAlarm(
            f"{name}-stuck",
            alarm_description="The NAT instance does not answer; it is restarted",
            namespace="AWS/EC2",
            metric_name="StatusCheckFailed_Instance",
            dimensions={"InstanceId": instance.id},
            statistic="Maximum",
            period=60,
            evaluation_periods=3,
            threshold=1,
            comparison_operator="GreaterThanOrEqualToThreshold",
            alarm_actions=[f"arn:aws:automate:{network.place.region}:ec2:reboot"],
            opts=ResourceOptions(parent=self),
        )


def nat_script(cidr: str, ports: tuple[int, ...]) -> str:
    """Write the first boot's script: install, forward these TCP ports, and again at each start."""
    return _SCRIPT.substitute(cidr=cidr, ports=", ".join(map(str, ports)))
