"""A function: one folder of lambdas/ with its own role, log group and, if need be, queue."""

from collections.abc import Mapping
from dataclasses import dataclass

from pulumi import ComponentResource, Input, Output, Resource, ResourceOptions
from pulumi_aws import cloudwatch, lambda_

from components.code import function_code
from components.iam import Grant, Role, RoleArgs
from components.naming import log_group_name
from components.queue import Queue

# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
TIMEOUT_SECONDS = range(1, 901)
MEMORY_MB = range(128, 10_241)
SCRATCH_MB = range(512, 10_241)
CONCURRENCY = range(2, 1001)
BATCH = range(1, 11)  # larger batches need a batching window

TRACING = Grant(
    ("xray:PutTraceSegments", "xray:PutTelemetryRecords"),
    ("*",),
    reason="X-Ray has no resources to name in these actions",
)


@dataclass(frozen=True, kw_only=True)
class QueueSource:
    """The queue a function works off: messages at a time, and how many copies may run at once."""

    queue: Queue
    batch: int
    concurrency: int

    def __post_init__(self) -> None:
        _check("batch", self.batch, BATCH, "messages")
        _check("concurrency", self.concurrency, CONCURRENCY, "running copies")


@dataclass(frozen=True, kw_only=True)
class FunctionArgs:
    """What one function needs.

    ``code`` is its folder under ``lambdas/``. ``after`` names what has to be done before the
    function changes, such as a migration of the database it uses.
    """

    code: str
    environment: Mapping[str, Input[str]]
    timeout_seconds: int
    memory_mb: int
    log_days: int
    scratch_mb: int = SCRATCH_MB.start
    grants: tuple[Grant, ...] = ()
    source: QueueSource | None = None
    after: tuple[Resource, ...] = ()

    def __post_init__(self) -> None:
        _check("timeout_seconds", self.timeout_seconds, TIMEOUT_SECONDS, "seconds")
        _check("memory_mb", self.memory_mb, MEMORY_MB, "MB")
        _check("scratch_mb", self.scratch_mb, SCRATCH_MB, "MB")
        if self.source and self.source.queue.handling_seconds < self.timeout_seconds:
            raise ValueError(
                f"timeout_seconds: the queue gives its consumer "
                f"{self.source.queue.handling_seconds} s, the function takes up to "
                f"{self.timeout_seconds} s; messages would come twice"
            )


def _check(setting: str, value: int, allowed: range, unit: str) -> None:
    if value not in allowed:
        raise ValueError(
            f"{setting}: Lambda takes {allowed.start} to {allowed.stop - 1} {unit}, got {value}"
        )


class Function(ComponentResource):
    """Runs ``lambdas/<code>/handler.py`` on Python 3.13, arm64, traced, with the grants given."""

    arn: Output[str]
    function_name: Output[str]
    invoke_arn: Output[str]
    timeout_seconds: int

    def __init__(self, name: str, args: FunctionArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("labsight:compute:Function", name, None, opts)
        child = ResourceOptions(parent=self)
        logs = cloudwatch.LogGroup(
            f"{name}-logs",
            name=log_group_name(name),
            retention_in_days=args.log_days,
            opts=child,
        )
        role = Role(
            name, RoleArgs(service="lambda.amazonaws.com", grants=_grants(args, logs)), child
        )
        function = lambda_.Function(
            f"{name}-function",
            code=function_code(args.code),
            handler=f"lambdas.{args.code}.handler.handle",
            runtime="python3.13",
            architectures=["arm64"],
            role=role.arn,
            timeout=args.timeout_seconds,
            memory_size=args.memory_mb,
            ephemeral_storage={"size": args.scratch_mb},
            environment={"variables": args.environment},
            logging_config={"log_format": "JSON", "log_group": logs.name},
            tracing_config={"mode": "Active"},
            opts=ResourceOptions(parent=self, depends_on=[role, *args.after]),
        )
        self.arn, self.function_name = function.arn, function.name
        self.invoke_arn, self.timeout_seconds = function.invoke_arn, args.timeout_seconds
        if args.source:
            lambda_.EventSourceMapping(
                f"{name}-source",
                event_source_arn=args.source.queue.arn,
                function_name=function.arn,
                batch_size=args.source.batch,
                scaling_config={"maximum_concurrency": args.source.concurrency},
                function_response_types=["ReportBatchItemFailures"],
                opts=child,
            )
        self.register_outputs({"arn": self.arn})


def _grants(args: FunctionArgs, logs: cloudwatch.LogGroup) -> tuple[Grant, ...]:
    """Add to what the function asks for what each does: log, be traced, take its messages."""
    streams = Grant(("logs:CreateLogStream", "logs:PutLogEvents"), (Output.concat(logs.arn, ":*"),))
    messages = (args.source.queue.consume(),) if args.source else ()
    return (*args.grants, *messages, streams, TRACING)
