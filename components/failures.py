"""Where failed calls end that nobody waited for: one queue of a stack, for people to read."""

from dataclasses import dataclass

from pulumi import ComponentResource, Output, ResourceOptions
from pulumi_aws import sqs

from components.iam import Grant
from components.place import Place
from components.queue import DEAD_SECONDS
from components.resource_policy import Statement, resource_policy, tls_only


@dataclass(frozen=True, kw_only=True)
class FailuresArgs:
    """Where the stack is: only event rules of this account and region may send."""

    place: Place


class Failures(ComponentResource):
    """An encrypted queue that keeps failed asynchronous calls, with their input, for two weeks.

    Lambda puts a call there after its last retry (with the role of the function), EventBridge
    what it could not deliver. An alarm on its length tells people.
    """

    arn: Output[str]
    url: Output[str]
    queue_name: Output[str]

    def __init__(self, name: str, args: FailuresArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("labsight:messaging:Failures", name, None, opts)
        child = ResourceOptions(parent=self)
        queue = sqs.Queue(
            f"{name}-queue",
            message_retention_seconds=DEAD_SECONDS,
            sqs_managed_sse_enabled=True,
            opts=child,
        )
        rules = Statement(
            sid="EventRules",
            effect="Allow",
            service="events.amazonaws.com",
            actions=("sqs:SendMessage",),
            resources=(queue.arn,),
            # The rules are declared later than this queue, so they are named by their kind.
            condition={"ArnLike": {"aws:SourceArn": args.place.arn("events", "rule/*")}},
        )
        sqs.QueuePolicy(
            f"{name}-policy",
            queue_url=queue.url,
            policy=resource_policy([tls_only("sqs:*", queue.arn), rules]),
            opts=child,
        )
        self.arn, self.url, self.queue_name = queue.arn, queue.url, queue.name
        self.register_outputs({"arn": self.arn})

    def send(self) -> Grant:
        """Allow leaving a failed call, as each function's and schedule's role does."""
        return Grant(("sqs:SendMessage",), (self.arn,))
