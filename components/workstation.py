"""The viewer workstation: a desktop next to the archive, closed to the world, off when idle."""

import pulumi
from pulumi import ComponentResource, Input, Output, ResourceOptions
from pulumi_aws import ec2, iam, ssm

from components import workstation_linux, workstation_windows
from components.connect_endpoint import ConnectEndpoint, ConnectEndpointArgs
from components.iam import Grant, Role, RoleArgs
from components.network import named
from components.secret import Secret, SecretArgs
from components.security_group import SecurityGroup, SecurityGroupArgs
from components.session_manager import be_managed, reach_session_manager
from components.timetable import MachineHours, MachineHoursArgs
from components.workstation_args import WorkstationArgs
from components.workstation_linux import LinuxSettings
from components.workstation_windows import WindowsSettings

SMB = 445
KINDS = {"windows": workstation_windows, "linux-dcv": workstation_linux}


class Workstation(ComponentResource):
    """One machine in a private subnet; `labsight desktop` finds it by its tags."""

    instance_id: Output[str]
    group: SecurityGroup
    command: Output[str]

    def __init__(
        self, name: str, args: WorkstationArgs, opts: ResourceOptions | None = None
    ) -> None:
        super().__init__("labsight:compute:Workstation", name, None, opts)
        child = ResourceOptions(parent=self)
        self.group = SecurityGroup(
            name,
            SecurityGroupArgs(network=args.network, description="Viewer workstation"),
            child,
        )
        self._password = self._secret(name, args) if args.makes_password else None
        self._reach(name, args)
        instance = self._machine(name, args)
        self.instance_id = instance.id
        self._schedule(name, args, instance)
        self.command = Output.from_input(
            f"labsight desktop connect --stack {pulumi.get_stack()} "
            f"--region {args.network.place.region}"
        )
        self.register_outputs({"instance_id": self.instance_id})

    def _secret(self, name: str, args: WorkstationArgs) -> Secret:
        return Secret(
            f"{name}-password",
            SecretArgs(
                description=f"Password of {KINDS[args.kind].USER} on the workstation, made by it",
                kept_days=args.secret_days,
                key=args.key,
            ),
            ResourceOptions(parent=self),
        )

    def _reach(self, name: str, args: WorkstationArgs) -> None:
        """Open what is needed and nothing else: one way in, and ways to S3, secrets, shares."""
        self.group.reach_s3("Tools, and slides where they are mounted")
        if self._password or (args.shares and args.shares.password):
            args.endpoints.of("secretsmanager").allow(self.group)
        if args.shares:
            args.shares.group.accept(self.group, SMB, "Shares of the file gateway")
        if args.access == "session-manager":
            reach_session_manager(args.endpoints, self.group)
            return
        ConnectEndpoint(
            f"{name}-tunnel",
            ConnectEndpointArgs(
                network=args.network, target=self.group, port=KINDS[args.kind].PORT
            ),
            ResourceOptions(parent=self),
        )

    def _machine(self, name: str, args: WorkstationArgs) -> ec2.Instance:
        child = ResourceOptions(parent=self)
        role = Role(name, RoleArgs(service="ec2.amazonaws.com", grants=self._grants(args)), child)
        profile = iam.InstanceProfile(f"{name}-profile", role=role.name, opts=child)
        return ec2.Instance(
            # Another kind is another machine: its image, which is kept, would not fit its scripts.
            f"{name}-{args.kind}-instance",
            ami=ssm.get_parameter(name=KINDS[args.kind].IMAGE).insecure_value,
            instance_type=args.instance_type,
            subnet_id=args.network.private_subnets[0],
            vpc_security_group_ids=[self.group.id],
            associate_public_ip_address=False,
            iam_instance_profile=profile.name,
            key_name=args.key_pair,
            user_data=self._user_data(args),
            metadata_options={
                "http_endpoint": "enabled",
                "http_tokens": "required",
                "http_put_response_hop_limit": 1,
            },
            root_block_device={
                "encrypted": True,
                "kms_key_id": args.disk_key.arn if args.disk_key else None,
                "volume_type": "gp3",
                "volume_size": args.disk_gb,
                "delete_on_termination": True,
            },
            ebs_optimized=True,
            monitoring=True,  # a figure a minute, so that an alarm is not five minutes late
            # Shutting down from inside, as the idle watch does, stops the machine and keeps it.
            instance_initiated_shutdown_behavior="stop",
            tags={**named(name), **self._tags(args)},
            # A newer image is for the next machine: replacing this one would lose its disk.
            opts=ResourceOptions(parent=self, ignore_changes=["ami"], depends_on=[role]),
        )

    def _tags(self, args: WorkstationArgs) -> dict[str, Input[str]]:
        """Write what `labsight desktop` has to know; it sees neither state nor configuration."""
        tags: dict[str, Input[str]] = {
            "labsight:part": "desktop",
            "labsight:stack": pulumi.get_stack(),
            "labsight:kind": args.kind,
            "labsight:access": args.access,
            "labsight:idle-minutes": str(args.idle_minutes),
            "labsight:bucket": args.archive.bucket,
        }
        if args.timetable.stop_at:
            zone = args.timetable.time_zone
            tags["labsight:stops-at"] = f"{args.timetable.stop_at} {zone}"
        if self._password:
            tags["labsight:password"] = self._password.arn
        return tags

    def _grants(self, args: WorkstationArgs) -> tuple[Grant, ...]:
        grants = [args.archive.read(args.tools)]
        if self._password:
            grants.append(self._password.write())
        if args.shares and args.shares.password:
            grants.append(args.shares.password.read())
        if args.access == "session-manager":
            grants.append(be_managed())
        if args.kind == "linux-dcv":
            region = args.network.place.region
            slides = (args.archive.read(args.slides), args.archive.list(args.slides))
            grants += [*slides, workstation_linux.licence(region)]
        return tuple(grants)

    def _user_data(self, args: WorkstationArgs) -> Output[str]:
        """Fill the scripts in; they hold names and ARNs, and fetch secrets themselves."""
        shares = args.shares
        known = Output.all(
            bucket=args.archive.bucket,
            password=self._password.arn if self._password else "",
            share_secret=shares.password.arn if shares and shares.password else "",
            share_user=shares.user if shares else "",
            drives=dict(shares.drives) if shares else {},
        )
        region = args.network.place.region
        if args.kind == "linux-dcv":
            return known.apply(
                lambda v: workstation_linux.user_data(
                    LinuxSettings(
                        region=region,
                        bucket=v["bucket"],
                        tools=args.tools,
                        slides=args.slides,
                        idle_minutes=args.idle_minutes,
                        password_secret=v["password"],
                    )
                )
            )
        return known.apply(
            lambda v: workstation_windows.user_data(
                WindowsSettings(
                    region=region,
                    bucket=v["bucket"],
                    tools=args.tools,
                    idle_minutes=args.idle_minutes,
                    password_secret=v["password"],
                    share_secret=v["share_secret"],
                    share_user=v["share_user"],
                    shares=v["drives"],
                )
            )
        )

    def _schedule(self, name: str, args: WorkstationArgs, instance: ec2.Instance) -> None:
        if not (args.timetable.start_at or args.timetable.stop_at):
            return
        use_disk = (args.disk_key.open_disks(),) if args.disk_key else ()
        MachineHours(
            f"{name}-timetable",
            MachineHoursArgs(
                timetable=args.timetable,
                instance_id=instance.id,
                instance_arn=instance.arn,
                place=args.network.place,
                key=args.key,
                start_grants=use_disk,
            ),
            ResourceOptions(parent=self),
        )
