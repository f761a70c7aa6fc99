"""What happens in the account as messages of one queue: for work that may have to wait."""

from collections.abc import Mapping
from dataclasses import dataclass

from pulumi import ComponentResource, Input, ResourceOptions
from pulumi_aws import cloudwatch

from components.queue import Queue, QueueArgs, Sender


@dataclass(frozen=True, kw_only=True)
class NoticesArgs:
    """Event patterns, each under a name of its own.

    The handling may take ``handling_seconds`` and is tried ``tries`` times.
    """

    patterns: Mapping[str, Input[str]]
    handling_seconds: int
    tries: int = 5


class Notices(ComponentResource):
    """Rules that put what matches on one queue; what cannot be delivered is a dead letter."""

    queue: Queue

    def __init__(self, name: str, args: NoticesArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("labsight:messaging:Notices", name, None, opts)
        child = ResourceOptions(parent=self)
        rules = {
            which: cloudwatch.EventRule(
                f"{name}-{which}",
                description=f"Notices for {name}: {which}",
                event_pattern=pattern,
                opts=child,
            )
            for which, pattern in args.patterns.items()
        }
        self.queue = Queue(
            name,
            QueueArgs(
                handling_seconds=args.handling_seconds,
                tries=args.tries,
                senders=tuple(
                    Sender(service="events.amazonaws.com", source=rule.arn)
                    for rule in rules.values()
                ),
            ),
            child,
        )
        for which, rule in rules.items():
            cloudwatch.EventTarget(
                f"{name}-{which}-target",
                rule=rule.name,
                arn=self.queue.arn,
                dead_letter_config={"arn": self.queue.dead_letters_arn},
                # The queue's policy has to let EventBridge in before the first event.
                opts=ResourceOptions(parent=self, depends_on=[self.queue]),
            )
        self.register_outputs({"queue": self.queue.arn})
