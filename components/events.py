"""New objects of the archive as messages: what arrives is handled, or kept as a dead letter."""

from dataclasses import dataclass

from pulumi import ComponentResource, ResourceOptions
from pulumi_aws import cloudwatch

from components.archive import Archive
from components.queue import Queue, QueueArgs, Sender


@dataclass(frozen=True, kw_only=True)
class ObjectCreatedArgs:
    """Which objects, and how long their handling may take (seconds)."""

    archive: Archive
    prefix: str
    handling_seconds: int


class ObjectCreated(ComponentResource):
    """A rule that puts each object created under a prefix on a queue of its own."""

    queue: Queue

    def __init__(
        self, name: str, args: ObjectCreatedArgs, opts: ResourceOptions | None = None
    ) -> None:
        super().__init__("labsight:messaging:ObjectCreated", name, None, opts)
        child = ResourceOptions(parent=self)
        rule = cloudwatch.EventRule(
            f"{name}-rule",
            description=f"Objects created under {args.prefix}",
            event_pattern=args.archive.watch(args.prefix),
            opts=child,
        )
        self.queue = Queue(
            name,
            QueueArgs(
                handling_seconds=args.handling_seconds,
                senders=(Sender(service="events.amazonaws.com", source=rule.arn),),
            ),
            child,
        )
        cloudwatch.EventTarget(
            f"{name}-target",
            rule=rule.name,
            arn=self.queue.arn,
            # What EventBridge cannot deliver within 24 hours joins the other dead letters.
            dead_letter_config={"arn": self.queue.dead_letters_arn},
            # The queue's policy has to let EventBridge in before the first event.
            opts=ResourceOptions(parent=self, depends_on=[self.queue]),
        )
        self.register_outputs({"queue": self.queue.arn})
