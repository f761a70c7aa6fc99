"""The file gateway's appliance: AWS's own image on a private instance, and its cache disk."""

import re
from dataclasses import dataclass

import pulumi
from pulumi import ComponentResource, Output, ResourceOptions
from pulumi_aws import ebs, ec2, ssm, vpc

from components.encryption import Key
from components.iam import Grant
from components.network import Network, named
from components.security_group import SecurityGroup, SecurityGroupArgs

AMI_PARAMETER = "/aws/service/storagegateway/ami/FILE_S3/latest"

# https://docs.aws.amazon.com/filegateway/latest/files3/Requirements.html (16 GiB of memory, 80 GiB
# of system disk, 150 GiB of cache at least; a gp3 volume ends at 16 TiB)
CACHE_GB = range(150, 16_385)
SYSTEM_GB = 80
_TYPE = re.compile(r"[mcr]\d+[a-z]*\.(?:\d*xlarge|metal)")
_ARM = re.compile(r"[a-z]+\d+g")
CACHE_DEVICE = "/dev/sdb"

# What joining a directory and signing in with it take.
# https://docs.aws.amazon.com/filegateway/latest/files3/Resource_Ports.html
# https://learn.microsoft.com/en-us/troubleshoot/windows-server/networking/service-overview-and-network-port-requirements
DIRECTORY_TCP = ((53, 53), (88, 88), (135, 135), (389, 389), (445, 445), (464, 464), (3268, 3268))
DIRECTORY_RPC = ((49_152, 65_535),)
DIRECTORY_UDP = ((53, 53), (88, 88), (137, 138), (389, 389), (464, 464))

LOOK = Grant(
    ("ec2:DescribeInstances",),
    ("*",),
    reason="EC2 has no resources to name in this action",
)


@dataclass(frozen=True, kw_only=True)
class ApplianceArgs:
    """Where the appliance stands, its size, and which key encrypts its disks (none: EC2's own).

    It takes the first private subnet.
    """

    network: Network
    instance_type: str = "m5.xlarge"
    cache_gb: int = CACHE_GB.start
    key: Key | None = None

    def __post_init__(self) -> None:
        check_appliance(self.instance_type, self.cache_gb)


def check_appliance(instance_type: str, cache_gb: int) -> None:
    """Raise ValueError that names the setting if no such appliance can be had."""
    if not _TYPE.fullmatch(instance_type) or _ARM.match(instance_type):
        raise ValueError(
            f"gateway.instanceType: {instance_type!r}; the appliance runs on x86 instances with "
            "4 processors and 16 GiB at least, such as m5.xlarge"
        )
    if cache_gb not in CACHE_GB:
        raise ValueError(
            f"gateway.cacheGb: the gateway takes {CACHE_GB.start} to {CACHE_GB.stop - 1} GiB on "
            f"one disk, got {cache_gb}"
        )


class Appliance(ComponentResource):
    """An instance without a public address, without a role, and without any way to sign in."""

    id: Output[str]
    arn: Output[str]
    address: Output[str]
    group: SecurityGroup

    def __init__(self, name: str, args: ApplianceArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("labsight:gateway:Appliance", name, None, opts)
        self._name, self._args = name, args
        self.group = SecurityGroup(
            name,
            SecurityGroupArgs(network=args.network, description="File gateway appliance"),
            ResourceOptions(parent=self),
        )
        instance = self._instance(name, args)
        self.id, self.arn, self.address = instance.id, instance.arn, instance.private_ip
        self._cache(name, args)
        self.group.reach_s3("Objects of the archive")
        self.register_outputs({"id": self.id, "address": self.address})

    def start(self) -> tuple[Grant, ...]:
        """Allow starting it and looking at its state."""
        key = self._args.key
        opening = (key.open_disks(),) if key else ()
        return (Grant(("ec2:StartInstances",), (self.arn,)), *opening, LOOK)

    def stop(self) -> Grant:
        """Allow stopping it."""
        return Grant(("ec2:StopInstances",), (self.arn,))

    def look(self) -> Grant:
        """Allow looking at its state."""
        return LOOK

    def started(self) -> Output[str]:
        """Return the event pattern for its starts."""
        return state_changes(self.id, "running")

    def reach_directory(self) -> None:
        """Let it talk to the domain controllers, which have addresses of the VPC and no group."""
        ranges = [("tcp", ends) for ends in (*DIRECTORY_TCP, *DIRECTORY_RPC)]
        for protocol, (first, last) in (*ranges, *(("udp", ends) for ends in DIRECTORY_UDP)):
            vpc.SecurityGroupEgressRule(
                f"{self._name}-to-directory-{first}-{protocol}",
                security_group_id=self.group.id,
                cidr_ipv4=self._args.network.cidr,
                ip_protocol=protocol,
                from_port=first,
                to_port=last,
                description="Domain controllers of the directory",
                opts=ResourceOptions(parent=self),
            )

    def _instance(self, name: str, args: ApplianceArgs) -> ec2.Instance:
        return ec2.Instance(
            f"{name}-instance",
            ami=ssm.get_parameter_output(name=AMI_PARAMETER).insecure_value,
            instance_type=args.instance_type,
            subnet_id=args.network.private_subnets[0],
            vpc_security_group_ids=[self.group.id],
            associate_public_ip_address=False,
            ebs_optimized=True,
            monitoring=True,
            metadata_options={
                "http_endpoint": "enabled",
                "http_tokens": "required",
                "http_put_response_hop_limit": 1,
            },
            root_block_device={
                "volume_type": "gp3",
                "volume_size": SYSTEM_GB,
                "encrypted": True,
                "kms_key_id": args.key.arn if args.key else None,
            },
            tags={
                **named(name),
                "labsight:part": "gateway",
                "labsight:stack": pulumi.get_stack(),
            },
            # A newer image must not replace the appliance: it updates itself, and its disk may
            # hold results that are not in the archive yet.
            opts=ResourceOptions(parent=self, ignore_changes=["ami"]),
        )

    def _cache(self, name: str, args: ApplianceArgs) -> None:
        volume = ebs.Volume(
            f"{name}-cache",
            availability_zone=args.network.zones[0],
            type="gp3",
            size=args.cache_gb,
            encrypted=True,
            kms_key_id=args.key.arn if args.key else None,
            tags=named(f"{name}-cache"),
            opts=ResourceOptions(parent=self),
        )
        ec2.VolumeAttachment(
            f"{name}-cache-attachment",
            instance_id=self.id,
            volume_id=volume.id,
            device_name=CACHE_DEVICE,
            # A disk in use does not come off a running machine.
            stop_instance_before_detaching=True,
            opts=ResourceOptions(parent=self),
        )


def state_changes(instance: Output[str], *states: str) -> Output[str]:
    """Return the event pattern for an instance that enters one of some states."""
    return Output.json_dumps(
        {
            "source": ["aws.ec2"],
            "detail-type": ["EC2 Instance State-change Notification"],
            "detail": {"instance-id": [instance], "state": list(states)},
        }
    )
