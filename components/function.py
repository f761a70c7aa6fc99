"""A function: one folder of lambdas/ with its own role, log group and, if need be, queue."""

from typing import cast

from pulumi import ComponentResource, Input, Output, Resource, ResourceOptions
from pulumi_aws import cloudwatch, lambda_

from components.code import code_bytes, function_code
from components.failures import Failures
from components.function_args import (
    FunctionArgs,
    FunctionPlatform,
    Inside,
    Mount,
    QueueSource,
)
from components.function_url import FunctionUrl, FunctionUrlArgs
from components.iam import Grant, Role, RoleArgs
from components.naming import log_group_name
from components.place import Place

__all__ = [
    "Function",
    "FunctionArgs",
    "FunctionPlatform",
    "Inside",
    "Mount",
    "QueueSource",
]

TRACING = Grant(
    ("xray:PutTraceSegments", "xray:PutTelemetryRecords"),
    ("*",),
    reason="X-Ray has no resources to name in these actions",
)

# What AWSLambdaVPCAccessExecutionRole allows beyond logs. Lambda itself makes the calls, with the
# function's role; calls by the function's own code carry its ARN and are not allowed.
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions
INTERFACES = Grant(
    (
        "ec2:CreateNetworkInterface",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSubnets",
        "ec2:DeleteNetworkInterface",
        "ec2:AssignPrivateIpAddresses",
        "ec2:UnassignPrivateIpAddresses",
    ),
    ("*",),
    {"Null": {"lambda:SourceFunctionArn": "true"}},
    reason="Lambda checks these actions on every resource when it accepts the VPC settings",
)


class Function(ComponentResource):
    """Runs ``lambdas/<code>/handler.py`` on Python 3.13, arm64, traced, with the grants given."""

    arn: Output[str]
    function_name: Output[str]
    invoke_arn: Output[str]
    log_group: Output[str]
    failures: Failures
    timeout_seconds: int

    def __init__(self, name: str, args: FunctionArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("labsight:compute:Function", name, None, opts)
        child = ResourceOptions(parent=self)
        self._name, self._url = name, cast("FunctionUrl | None", None)
        platform, key = args.platform, args.platform.key
        platform.packages.check_room(name, code_bytes(args.code))
        logs = cloudwatch.LogGroup(
            f"{name}-logs",
            name=log_group_name(name),
            retention_in_days=platform.log_days,
            kms_key_id=key.arn if key else None,
            opts=child,
        )
        role = Role(
            name, RoleArgs(service="lambda.amazonaws.com", grants=_grants(args, logs)), child
        )
        layer = platform.packages.layer_arn
        function = lambda_.Function(
            f"{name}-function",
            code=function_code(args.code),
            handler=f"lambdas.{args.code}.handler.handle",
            runtime="python3.13",
            architectures=["arm64"],
            layers=[layer] if layer else None,
            role=role.arn,
            timeout=args.timeout_seconds,
            memory_size=args.memory_mb,
            ephemeral_storage={"size": args.scratch_mb},
            environment={"variables": args.environment},
            kms_key_arn=key.arn if key else None,
            logging_config={"log_format": "JSON", "log_group": logs.name},
            tracing_config={"mode": "Active"},
            dead_letter_config={"target_arn": platform.failures.arn},
            reserved_concurrent_executions=args.reserve if platform.reserved else None,
            vpc_config=_vpc(args.inside),
            file_system_config=_mounted(args.mount),
            opts=ResourceOptions(parent=self, depends_on=_before(role, args)),
        )
        self.arn, self.function_name = function.arn, function.name
        self.invoke_arn, self.timeout_seconds = function.invoke_arn, args.timeout_seconds
        self.failures, self.log_group = platform.failures, logs.name
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

    def invoke(self) -> Grant:
        """Allow calling the function by its ARN."""
        return Grant(("lambda:InvokeFunction",), (self.arn,))

    def allow(self, caller: str, service: str, source_arn: Input[str]) -> lambda_.Permission:
        """Let one resource of an AWS service call the function, and say so in its own policy.

        ``caller`` tells this permission from others in its logical name. Whoever sets up the call
        depends on the permission that is returned.
        """
        return lambda_.Permission(
            f"{self._name}-called-by-{caller}",
            action="lambda:InvokeFunction",
            function=self.function_name,
            principal=service,
            source_arn=source_arn,
            opts=ResourceOptions(parent=self),
        )

    def url(self) -> Output[str]:
        """Return the function's own HTTPS address, which takes signed requests only."""
        return self._address().url

    def url_host(self, place: Place) -> Output[str]:
        """Return the host name of that address, as an origin of CloudFront."""
        return self._address().host(place)

    def allow_distribution(self, caller: str, distribution_arn: Input[str]) -> None:
        """Let one CloudFront distribution call the function at its address."""
        self._address().allow_distribution(caller, distribution_arn)

    def _address(self) -> FunctionUrl:
        """Make the address when somebody first asks for it."""
        if self._url is None:
            self._url = FunctionUrl(
                self._name,
                FunctionUrlArgs(function_name=self.function_name),
                ResourceOptions(parent=self),
            )
        return self._url


def _grants(args: FunctionArgs, logs: cloudwatch.LogGroup) -> tuple[Grant, ...]:
    """Add to what the function asks for what each does: log, be traced, leave failed calls."""
    streams = Grant(("logs:CreateLogStream", "logs:PutLogEvents"), (Output.concat(logs.arn, ":*"),))
    return (
        *args.grants,
        *((args.source.queue.consume(),) if args.source else ()),
        *((args.mount.access_point.mount(),) if args.mount else ()),
        *((INTERFACES,) if args.inside else ()),
        *((_read_environment(args.platform.key.arn),) if args.platform.key else ()),
        args.platform.failures.send(),
        streams,
        TRACING,
    )


def _read_environment(key_arn: Output[str]) -> Grant:
    """Allow decrypting what Lambda encrypted for a function, and nothing else under that key."""
    lambdas_own = {"Null": {"kms:EncryptionContext:aws:lambda:FunctionArn": "false"}}
    return Grant(("kms:Decrypt",), (key_arn,), lambdas_own)


def _vpc(inside: Inside | None) -> lambda_.FunctionVpcConfigArgsDict | None:
    if inside is None:
        return None
    return {"subnet_ids": list(inside.subnets), "security_group_ids": [inside.group.id]}


def _mounted(mount: Mount | None) -> lambda_.FunctionFileSystemConfigArgsDict | None:
    if mount is None:
        return None
    return {"arn": mount.access_point.arn, "local_mount_path": mount.path}


def _before(role: Role, args: FunctionArgs) -> list[Resource]:
    """Name what the function needs and does not refer to: Lambda mounts through a zone's target."""
    mounted = args.mount.access_point.ready if args.mount else ()
    return [role, args.platform.failures, *mounted, *args.after]
