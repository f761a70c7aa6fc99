"""Shows new objects on the gateway's shares: notices wait in a queue, a function comes by."""

from collections.abc import Sequence
from dataclasses import dataclass

from pulumi import ComponentResource, Output, ResourceOptions

from components.appliance import Appliance
from components.archive import Archive
from components.function import Function, FunctionArgs, FunctionPlatform
from components.iam import Grant
from components.notices import Notices, NoticesArgs
from components.place import Place
from components.queue import Queue
from components.schedule import TimedCall, TimedCallArgs
from components.share import Share

TASK = "show on the share"
# A refresh within 60 seconds of another finds nothing new, and schedules are exact to a minute.
# https://docs.aws.amazon.com/storagegateway/latest/APIReference/API_RefreshCache.html
EVERY = "rate(2 minutes)"
SECONDS = 60
MEMORY_MB = 256
# A gateway that starts, or is busy, has so many times six minutes until its notices count as dead.
TRIES = 20


@dataclass(frozen=True, kw_only=True)
class ShareRefreshArgs:
    """The shares, what they show, and the appliance that has to run for a refresh."""

    archive: Archive
    appliance: Appliance
    gateway_arn: Output[str]
    shares: Sequence[Share]
    platform: FunctionPlatform
    place: Place


class ShareRefresh(ComponentResource):
    """Rules for new objects and for starts of the appliance, their queue, and the function.

    The function has no event source: that would hand it messages as they come, and a refresh for
    each of them is more than a gateway takes.
    """

    function: Function
    queue: Queue

    def __init__(
        self, name: str, args: ShareRefreshArgs, opts: ResourceOptions | None = None
    ) -> None:
        super().__init__("labsight:gateway:ShareRefresh", name, None, opts)
        child = ResourceOptions(parent=self)
        patterns = {
            f"{share.name}-objects": args.archive.watch(share.prefix, task=TASK)
            for share in args.shares
        }
        self.queue = Notices(
            name,
            NoticesArgs(
                patterns=patterns | {"appliance-started": args.appliance.started()},
                handling_seconds=SECONDS,
                tries=TRIES,
            ),
            child,
        ).queue
        shares = Output.json_dumps({share.prefix: share.arn for share in args.shares})
        self.function = Function(
            name,
            FunctionArgs(
                code="share_refresh",
                environment={
                    "LABSIGHT_REFRESH_QUEUE": self.queue.url,
                    "LABSIGHT_APPLIANCE": args.appliance.id,
                    "LABSIGHT_APPLIANCE_ADDRESS": args.appliance.address,
                    "LABSIGHT_GATEWAY": args.gateway_arn,
                    "LABSIGHT_SHARES": shares,
                },
                grants=(
                    self.queue.consume(),
                    args.appliance.look(),
                    Grant(
                        ("storagegateway:RefreshCache",), tuple(share.arn for share in args.shares)
                    ),
                ),
                timeout_seconds=SECONDS,
                memory_mb=MEMORY_MB,
                platform=args.platform,
            ),
            child,
        )
        TimedCall(
            f"{name}-clock",
            TimedCallArgs(
                function=self.function,
                place=args.place,
                when=EVERY,
                description="Works off the notices of new objects",
                late_seconds=SECONDS,  # the next call does as well
                key=args.platform.key,
            ),
            child,
        )
        self.register_outputs({"queue": self.queue.arn})
