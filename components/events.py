"""What happens in AWS, told to a queue or a function: it is handled, or kept as a dead letter."""

from dataclasses import dataclass

from pulumi import ComponentResource, Input, ResourceOptions
from pulumi_aws import cloudwatch

from components.archive import Archive
from components.function import Function
from components.queue import Queue, QueueArgs, Sender

EVENTS = "events.amazonaws.com"
# https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_RetryPolicy.html
EVENT_AGE_SECONDS = range(60, 86_401)
EVENT_TRIES = 185


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
                senders=(Sender(service=EVENTS, source=rule.arn),),
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


@dataclass(frozen=True, kw_only=True)
class EventCallArgs:
    """Which events (a pattern in JSON), in words, and the function that hears of them.

    An event that could not be delivered for ``age_seconds`` joins the stack's failed calls: news
    of a thing that has changed again since is better dropped than told late.
    """

    function: Function
    pattern: Input[str]
    description: str
    age_seconds: int = EVENT_AGE_SECONDS[-1]

    def __post_init__(self) -> None:
        if self.age_seconds not in EVENT_AGE_SECONDS:
            raise ValueError(
                f"age_seconds: EventBridge keeps an event {EVENT_AGE_SECONDS[0]} to "
                f"{EVENT_AGE_SECONDS[-1]} s, got {self.age_seconds}"
            )


class EventCall(ComponentResource):
    """A rule that calls a function with each event that matches, without waiting for it.

    What the function itself fails at is tried again by Lambda, and ends in the same place.
    """

    def __init__(self, name: str, args: EventCallArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("labsight:messaging:EventCall", name, None, opts)
        child = ResourceOptions(parent=self)
        rule = cloudwatch.EventRule(
            f"{name}-rule", description=args.description, event_pattern=args.pattern, opts=child
        )
        allowed = args.function.allow(name, EVENTS, rule.arn)
        cloudwatch.EventTarget(
            f"{name}-target",
            rule=rule.name,
            arn=args.function.arn,
            retry_policy={
                "maximum_event_age_in_seconds": args.age_seconds,
                "maximum_retry_attempts": EVENT_TRIES,
            },
            dead_letter_config={"arn": args.function.failures.arn},
            opts=ResourceOptions(parent=self, depends_on=[allowed, args.function.failures]),
        )
        self.register_outputs({})
