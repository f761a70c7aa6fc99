"""Lets the file gateway run while the desktop runs, and no longer."""

from dataclasses import dataclass

from pulumi import ComponentResource, Output, ResourceOptions

from components.appliance import state_changes
from components.function import Function, FunctionArgs, FunctionPlatform, QueueSource
from components.gateway import FileGateway
from components.iam import Grant
from components.notices import Notices, NoticesArgs
from components.place import Place
from components.queue import Queue
from components.schedule import TimedCall, TimedCallArgs

SECONDS = 60
MEMORY_MB = 256
# EventBridge does its best to tell of each change of an instance, and promises nothing: once an
# hour the two are compared, so that no lost notice leaves the appliance running.
EVERY = "rate(1 hour)"
# Times six minutes: longer than the function waits for unsaved results before it stops anyway.
TRIES = 20

METRICS = Grant(
    ("cloudwatch:GetMetricStatistics",),
    ("*",),
    reason="CloudWatch has no resources to name in this action",
)


@dataclass(frozen=True, kw_only=True)
class GatewayPowerArgs:
    """The gateway, and the desktop's instance that it follows."""

    gateway: FileGateway
    desktop: Output[str]
    platform: FunctionPlatform
    place: Place


class GatewayPower(ComponentResource):
    """Notices of the desktop's starts and stops, and the function that follows them.

    It goes before the gateway does, so that nothing stops the appliance while its shares are
    being deleted.
    """

    function: Function
    queue: Queue

    def __init__(
        self, name: str, args: GatewayPowerArgs, opts: ResourceOptions | None = None
    ) -> None:
        super().__init__("labsight:gateway:GatewayPower", name, None, opts)
        gateway, appliance = args.gateway, args.gateway.appliance
        child = ResourceOptions(parent=self)
        notices = Notices(
            name,
            NoticesArgs(
                patterns={
                    "desktop": state_changes(
                        args.desktop, "pending", "running", "stopping", "stopped"
                    )
                },
                handling_seconds=SECONDS,
                tries=TRIES,
            ),
            child,
        )
        self.queue = notices.queue
        self.function = Function(
            name,
            FunctionArgs(
                code="gateway_power",
                environment={
                    "LABSIGHT_APPLIANCE": appliance.id,
                    "LABSIGHT_DESKTOP": args.desktop,
                    "LABSIGHT_GATEWAY_ID": gateway.gateway_id,
                    "LABSIGHT_GATEWAY_NAME": gateway.gateway_name,
                },
                grants=(*appliance.start(), appliance.stop(), METRICS),
                source=QueueSource(queue=notices.queue, batch=1, concurrency=2),
                timeout_seconds=SECONDS,
                memory_mb=MEMORY_MB,
                platform=args.platform,
                # Deleted before the gateway, its last call to start the appliance included.
                after=(gateway,),
            ),
            child,
        )
        TimedCall(
            f"{name}-hourly",
            TimedCallArgs(
                function=self.function,
                place=args.place,
                when=EVERY,
                description="Lets the file gateway follow a desktop whose change went unheard",
                key=args.platform.key,
            ),
            child,
        )
        self.register_outputs({"function": self.function.arn})
