"""The file gateway: slides and results as network drives for desktops inside the VPC."""

import json
import re
from dataclasses import dataclass

from pulumi import ComponentResource, Input, Output, Resource, ResourceOptions
from pulumi_aws import cloudwatch, lambda_, storagegateway

from components.appliance import Appliance, ApplianceArgs
from components.archive import Archive
from components.encryption import Key
from components.endpoint import InterfaceEndpoint, InterfaceEndpointArgs
from components.function import Function, FunctionArgs, FunctionPlatform, Inside
from components.iam import Grant
from components.naming import log_group_name
from components.network import Network, named
from components.secret import Secret, SecretArgs
from components.security_group import SecurityGroup, SecurityGroupArgs
from components.share import Share, ShareArgs
from components.share_refresh import ShareRefresh, ShareRefreshArgs

HTTP = 80
# https://docs.aws.amazon.com/filegateway/latest/files3/gateway-private-link.html
SERVICE_PORTS = (443, 1026, 1027, 1028, 1031, 2222)
# https://docs.aws.amazon.com/storagegateway/latest/APIReference/API_ActivateGateway.html
_TIME_ZONE = re.compile(r"GMT(?:[+-](?:\d|1[0-4]):[0-5]\d)?")
# Updates are put in place while the gateway runs, which is while people work: on Wednesdays at
# noon, in its time zone. At night it is switched off, and would never be updated.
MAINTENANCE: storagegateway.GatewayMaintenanceStartTimeArgsDict = {
    "day_of_week": "3",
    "hour_of_day": 12,
    "minute_of_hour": 0,
}
LONG_SECONDS = 900  # an appliance takes some minutes to start
MEMORY_MB = 256


@dataclass(frozen=True, kw_only=True)
class Directory:
    """The Active Directory that the gateway joins, and who of it may use the shares (none: all).

    Its controllers have addresses of the VPC, and the VPC's DNS finds the domain.
    """

    domain: str
    user: str
    password: Input[str]
    users: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class FileGatewayArgs:
    """What a lab may decide about its file gateway.

    ``slides`` and ``work`` are the prefixes shown read-only and writable. Without a directory one
    account signs in, whose password is a secret that can be restored for ``secret_days``.
    ``disk_key`` is an own key of the appliance's disks.
    """

    network: Network
    archive: Archive
    platform: FunctionPlatform
    slides: str
    work: str
    secret_days: int
    instance_type: str = "m5.xlarge"
    cache_gb: int = 150
    time_zone: str = "GMT"
    directory: Directory | None = None
    disk_key: Key | None = None

    def __post_init__(self) -> None:
        check_time_zone(self.time_zone)


def check_time_zone(time_zone: str) -> None:
    """Raise ValueError if the service takes no such time zone."""
    if not _TIME_ZONE.fullmatch(time_zone):
        raise ValueError(
            f"gateway.timeZone: {time_zone!r}; the service takes GMT, or an offset such "
            "as GMT+1:00 or GMT-10:30, and no names"
        )


class FileGateway(ComponentResource):
    """An appliance, activated from inside the VPC, and its two shares."""

    appliance: Appliance
    group: SecurityGroup  # of the shares: whoever uses them is accepted there, on port 445
    arn: Output[str]
    gateway_id: Output[str]
    gateway_name: str
    secret: Secret | None  # of the one account; none with a directory
    setup: Function  # sets the password anew when it is told to rotate it
    share_path: Output[str]
    work_path: Output[str]
    user: Output[str]
    refresh: ShareRefresh
    functions: dict[str, Function]  # by the names that people know them by

    def __init__(
        self, name: str, args: FileGatewayArgs, opts: ResourceOptions | None = None
    ) -> None:
        super().__init__("labsight:gateway:FileGateway", name, None, opts)
        self._name, self._args, self.functions = name, args, {}
        self.gateway_name = named(name)["Name"]
        self.appliance = Appliance(
            f"{name}-appliance",
            ApplianceArgs(
                network=args.network,
                instance_type=args.instance_type,
                cache_gb=args.cache_gb,
                key=args.disk_key,
            ),
            ResourceOptions(parent=self),
        )
        self.group = self.appliance.group
        if args.directory:
            self.appliance.reach_directory()
        gateway = self._activate()
        self.arn, self.gateway_id = gateway.arn, gateway.gateway_id
        ready = self._set_up()
        slides, work = self._shares(ready)
        self._wake_before_delete((slides, work))
        self.refresh = ShareRefresh(
            f"{name}-refresh",
            ShareRefreshArgs(
                archive=args.archive,
                appliance=self.appliance,
                gateway_arn=self.arn,
                shares=(slides, work),
                platform=args.platform,
                place=args.network.place,
            ),
            ResourceOptions(parent=self),
        )
        self.functions |= {"share-refresh": self.refresh.function}
        self.share_path = self._path(slides)
        self.work_path = self._path(work)
        # Without a directory all sign in as the one account, which is the gateway's own.
        account: Input[str] = Output.concat(self.gateway_id, "\\smbguest")
        self.user = Output.from_input("" if args.directory else account)
        self.register_outputs({"arn": self.arn, "share_path": self.share_path})

    def _path(self, share: Share) -> Output[str]:
        return Output.concat("\\\\", self.appliance.address, "\\", share.name)

    def _activate(self) -> storagegateway.Gateway:
        """Fetch the key over the network that the appliance stands in, and redeem it.

        The call depends on the appliance alone, so it is made again for a new one only: an
        appliance gives one key in its life.
        """
        name, args, child = self._name, self._args, ResourceOptions(parent=self)
        # Without a policy: what the appliance asks through it is signed by the service's own
        # identities, which a policy of this account's would shut out.
        endpoint = InterfaceEndpoint(
            f"{name}-service",
            InterfaceEndpointArgs(network=args.network, service="storagegateway"),
            child,
        )
        endpoint.allow(self.appliance.group, SERVICE_PORTS)
        function = self._activation_function(endpoint)
        call = lambda_.Invocation(
            f"{name}-activation-key",
            function_name=function.function_name,
            input=Output.json_dumps(
                {"appliance": self.appliance.id, "address": self.appliance.address}
            ),
            # Until it is redeemed, the key would let any account have the appliance.
            opts=ResourceOptions(
                parent=self,
                depends_on=[function, self.appliance, endpoint],
                additional_secret_outputs=["result"],
            ),
        )
        # A function's answer is JSON: a text in quotes.
        key: Input[str] = call.result.apply(lambda answer: answer.strip('"'))
        directory = args.directory
        return storagegateway.Gateway(
            f"{name}-gateway",
            activation_key=Output.secret(key),
            gateway_name=self.gateway_name,
            gateway_timezone=args.time_zone,
            gateway_type="FILE_S3",
            gateway_vpc_endpoint=endpoint.dns_name,
            smb_security_strategy="MandatoryEncryption",
            smb_active_directory_settings=(
                {
                    "domain_name": directory.domain,
                    "username": directory.user,
                    "password": Output.secret(directory.password),
                }
                if directory
                else None
            ),
            cloudwatch_log_group_arn=self._log("health"),
            maintenance_start_time=MAINTENANCE,
            tags=named(name),
            opts=child,
        )

    def _activation_function(self, endpoint: InterfaceEndpoint) -> Function:
        name, args = f"{self._name}-activation", self._args
        group = SecurityGroup(
            name,
            SecurityGroupArgs(network=args.network, description="Activation of the file gateway"),
            ResourceOptions(parent=self),
        )
        self.appliance.group.accept(group, HTTP, "Activation key of a new appliance")
        function = self.functions[name] = Function(
            name,
            FunctionArgs(
                code="gateway_activation",
                environment={"LABSIGHT_GATEWAY_ENDPOINT": endpoint.dns_name},
                inside=Inside(subnets=args.network.private_subnets[:1], group=group),
                timeout_seconds=LONG_SECONDS,
                memory_mb=MEMORY_MB,
                platform=args.platform,
            ),
            ResourceOptions(parent=self),
        )
        return function

    def _set_up(self) -> list[Resource]:
        """Give the gateway its cache and its password; return what has to be done before shares.

        A function does both and not the provider: the service renames a disk that it takes into
        use and tells of disks only while the appliance runs, so looking the disk up would fail
        each deployment on a stopped gateway; and a password given to the provider is kept in the
        state.
        """
        name, args, child = self._name, self._args, ResourceOptions(parent=self)
        self.secret = None
        environment: dict[str, Input[str]] = {"LABSIGHT_GATEWAY": self.arn}
        actions = ["storagegateway:ListLocalDisks", "storagegateway:AddCache"]
        grants: list[Grant] = []
        if args.directory is None:
            self.secret = Secret(
                f"{name}-password",
                SecretArgs(
                    description="Password of the file gateway's one account, smbguest",
                    kept_days=args.secret_days,
                    key=args.platform.key,
                ),
                child,
            )
            environment["LABSIGHT_GATEWAY_SECRET"] = self.secret.arn
            actions.append("storagegateway:SetSMBGuestPassword")
            grants += [self.secret.read(), self.secret.write()]
        function = Function(
            f"{name}-setup",
            FunctionArgs(
                code="gateway_setup",
                environment=environment,
                grants=(Grant(tuple(actions), (self.arn,)), *grants),
                timeout_seconds=LONG_SECONDS,
                memory_mb=MEMORY_MB,
                platform=args.platform,
            ),
            child,
        )
        self.setup = self.functions[f"{self._name}-setup"] = function
        cache = self._call("cache", function, [function])
        return [self._call("password", function, [cache])] if self.secret else [cache]

    def _call(self, what: str, function: Function, after: list[Resource]) -> lambda_.Invocation:
        return lambda_.Invocation(
            f"{self._name}-{what}-set",
            function_name=function.function_name,
            input=Output.json_dumps({"do": what, "gateway": self.arn}),
            opts=ResourceOptions(parent=self, depends_on=after),
        )

    def _shares(self, ready: list[Resource]) -> tuple[Share, Share]:
        args, audit_log = self._args, self._log("audit")

        def share(name: str, prefix: str, *, writable: bool) -> Share:
            return Share(
                f"{self._name}-{name}",
                ShareArgs(
                    gateway_arn=self.arn,
                    archive=args.archive,
                    prefix=prefix,
                    name=name,
                    writable=writable,
                    audit_log=audit_log,
                    place=args.network.place,
                    directory=args.directory is not None,
                    users=args.directory.users if args.directory else (),
                    after=tuple(ready),
                ),
                ResourceOptions(parent=self),
            )

        return share("slides", args.slides, writable=False), share("work", args.work, writable=True)

    def _wake_before_delete(self, shares: tuple[Share, ...]) -> None:
        """Call a function before anything of the gateway is deleted, which starts the appliance.

        A share is deleted only once the gateway has stored what was written to it.
        https://docs.aws.amazon.com/filegateway/latest/files3/remove-file-share.html
        """
        function = self.functions[f"{self._name}-wake"] = Function(
            f"{self._name}-wake",
            FunctionArgs(
                code="gateway_wake",
                environment={
                    "LABSIGHT_APPLIANCE": self.appliance.id,
                    "LABSIGHT_GATEWAY": self.arn,
                },
                grants=(
                    *self.appliance.start(),
                    Grant(("storagegateway:ListLocalDisks",), (self.arn,)),
                ),
                timeout_seconds=LONG_SECONDS,
                memory_mb=MEMORY_MB,
                platform=self._args.platform,
            ),
            ResourceOptions(parent=self),
        )
        lambda_.Invocation(
            f"{self._name}-wake-before-delete",
            function_name=function.function_name,
            input=json.dumps({}),
            lifecycle_scope="CRUD",
            # Deleted before all that it depends on.
            opts=ResourceOptions(parent=self, depends_on=[function, self.appliance, *shares]),
        )

    def _log(self, what: str) -> Output[str]:
        """Make a log group that the service delivers to, and return its ARN."""
        name, platform = f"{self._name}-{what}", self._args.platform
        return cloudwatch.LogGroup(
            f"{name}-log",
            name=log_group_name(name, vended=True),
            retention_in_days=platform.log_days,
            kms_key_id=platform.key.arn if platform.key else None,
            opts=ResourceOptions(parent=self),
        ).arn
