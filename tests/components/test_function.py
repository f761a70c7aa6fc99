import json
from typing import Any

import pulumi
import pytest

from components.encryption import Key, KeyArgs
from components.filesystem import FileSystem, FileSystemArgs
from components.function import Function, FunctionArgs, Inside, Mount, QueueSource
from components.iam import Grant, policy_document
from components.network import Network
from components.queue import Queue, QueueArgs, Sender
from tests.support.functions import platform
from tests.support.networks import PLACE, group, network
from tests.support.pulumi_recorder import Declare, Recorded

FUNCTION = "aws:lambda/function:Function"
QUEUE = "aws:sqs/queue:Queue"
PERMISSION = "aws:lambda/permission:Permission"
MAPPING = "aws:lambda/eventSourceMapping:EventSourceMapping"
SENDER = Sender(service="events.amazonaws.com", source="arn:rule")


def args(**changes: Any) -> FunctionArgs:
    least = {
        "code": "tiles",
        "environment": {"COLOUR": "red"},
        "timeout_seconds": 20,
        "memory_mb": 256,
    }
    if "platform" not in changes:
        changes["platform"] = platform()
    return FunctionArgs(**{**least, **changes})


def painter(**changes: Any) -> Function:
    return Function("painter", args(**changes))


def function(**changes: Any) -> pulumi.Output[str]:
    return painter(**changes).arn


def queue(handling_seconds: int = 60) -> Queue:
    return Queue("jobs", QueueArgs(handling_seconds=handling_seconds, senders=(SENDER,)))


def statements(recorded: Recorded) -> list[dict[str, Any]]:
    policy = recorded.one("aws:iam/rolePolicy:RolePolicy").inputs["policy"]
    found: list[dict[str, Any]] = json.loads(policy)["Statement"]
    return found


def test_it_runs_its_handler_on_python_313_and_arm64(declare: Declare, recorded: Recorded) -> None:
    declare(function)
    inputs = recorded.one(FUNCTION).inputs
    assert inputs["handler"] == "lambdas.tiles.handler.handle"
    assert inputs["runtime"] == "python3.13"
    assert inputs["architectures"] == ["arm64"]
    assert "lambdas/tiles/handler.py" in inputs["code"].assets


def test_it_gets_the_time_memory_and_room_asked_for(declare: Declare, recorded: Recorded) -> None:
    declare(lambda: function(timeout_seconds=300, memory_mb=1769, scratch_mb=2048))
    inputs = recorded.one(FUNCTION).inputs
    assert (inputs["timeout"], inputs["memorySize"]) == (300, 1769)
    assert inputs["ephemeralStorage"] == {"size": 2048}


def test_its_environment_is_what_was_declared_and_nothing_else(
    declare: Declare, recorded: Recorded
) -> None:
    declare(function)
    assert recorded.one(FUNCTION).inputs["environment"] == {"variables": {"COLOUR": "red"}}


def test_it_is_traced_and_logs_to_its_own_group_for_the_days_asked_for(
    declare: Declare, recorded: Recorded
) -> None:
    declare(lambda: function(platform=platform(log_days=365)))
    logs = recorded.one("aws:cloudwatch/logGroup:LogGroup")
    assert logs.inputs == {"name": "/labsight/test/painter", "retentionInDays": 365}
    inputs = recorded.one(FUNCTION).inputs
    assert inputs["loggingConfig"] == {"logFormat": "JSON", "logGroup": "/labsight/test/painter"}
    assert inputs["tracingConfig"] == {"mode": "Active"}


def test_its_role_holds_the_grants_given_its_own_logs_and_traces(
    declare: Declare, recorded: Recorded
) -> None:
    declare(lambda: function(grants=(Grant(("s3:GetObject",), ("arn:images/*",)),)))
    given, failed, logs, traces = statements(recorded)
    assert (given["Action"], given["Resource"]) == (["s3:GetObject"], ["arn:images/*"])
    queue_arn = recorded.one(QUEUE, "failures-queue").state["arn"]
    assert (failed["Action"], failed["Resource"]) == (["sqs:SendMessage"], [queue_arn])
    group = recorded.one("aws:cloudwatch/logGroup:LogGroup").state["arn"]
    assert logs["Action"] == ["logs:CreateLogStream", "logs:PutLogEvents"]
    assert logs["Resource"] == [f"{group}:*"]
    assert traces["Action"] == ["xray:PutTraceSegments", "xray:PutTelemetryRecords"]


def test_it_waits_for_its_permissions_and_for_what_it_comes_after(
    declare: Declare, recorded: Recorded
) -> None:
    declare(lambda: function(after=(queue(),)))
    assert {"painter-policy", "jobs-queue"} <= recorded.one(FUNCTION).depends_on


def test_a_queue_is_consumed_with_partial_failures_and_bounded_concurrency(
    declare: Declare, recorded: Recorded
) -> None:
    declare(lambda: function(source=QueueSource(queue=queue(), batch=4, concurrency=8)))
    arn = recorded.one(QUEUE, "jobs-queue").state["arn"]
    assert recorded.one(MAPPING).inputs == {
        "eventSourceArn": arn,
        "functionName": recorded.one(FUNCTION).state["arn"],
        "batchSize": 4,
        "scalingConfig": {"maximumConcurrency": 8},
        "functionResponseTypes": ["ReportBatchItemFailures"],
    }
    (consume,) = [one for one in statements(recorded) if "sqs:ReceiveMessage" in one["Action"]]
    assert consume["Resource"] == [arn]


def test_without_a_queue_there_is_no_source(declare: Declare, recorded: Recorded) -> None:
    declare(function)
    assert not recorded.of(MAPPING)


def test_a_function_slower_than_its_queue_allows_is_refused(declare: Declare) -> None:
    source = {"batch": 1, "concurrency": 2}
    with pytest.raises(ValueError, match="gives its consumer 10 s, the function takes up to 20 s"):
        declare(lambda: function(source=QueueSource(queue=queue(10), **source)))


@pytest.mark.parametrize(
    ("setting", "value", "allowed"),
    [
        ("timeout_seconds", 901, "1 to 900 seconds"),
        ("memory_mb", 64, "128 to 10240 MB"),
        ("scratch_mb", 20_480, "512 to 10240 MB"),
        ("reserve", 0, "1 to 1000 running copies"),
    ],
)
def test_sizes_that_lambda_does_not_take_are_refused(
    declare: Declare, setting: str, value: int, allowed: str
) -> None:
    with pytest.raises(ValueError, match=f"{setting}: Lambda takes {allowed}, got {value}"):
        declare(lambda: args(**{setting: value}))


@pytest.mark.parametrize(
    ("setting", "value", "allowed"),
    [("batch", 11, "1 to 10 messages"), ("concurrency", 1, "2 to 1000 running copies")],
)
def test_sources_that_lambda_does_not_take_are_refused(
    declare: Declare, setting: str, value: int, allowed: str
) -> None:
    asked = {"batch": 1, "concurrency": 2, setting: value}
    with pytest.raises(ValueError, match=f"{setting}: Lambda takes {allowed}, got {value}"):
        declare(lambda: QueueSource(queue=queue(), **asked))


def test_no_layer_is_asked_for_where_there_are_no_packages(
    declare: Declare, recorded: Recorded
) -> None:
    declare(function)
    assert "layers" not in recorded.one(FUNCTION).inputs


def test_a_call_that_fails_for_good_is_kept_in_the_queue_of_the_stack(
    declare: Declare, recorded: Recorded
) -> None:
    declare(function)
    arn = recorded.one(QUEUE, "failures-queue").state["arn"]
    assert recorded.one(FUNCTION).inputs["deadLetterConfig"] == {"targetArn": arn}
    assert "failures-policy" in recorded.one(FUNCTION).depends_on


def with_key() -> pulumi.Output[str]:
    key = Key("operations", KeyArgs(description="Everything", place=PLACE))
    return function(platform=platform(key=key))


def test_a_key_encrypts_its_environment_and_its_logs(declare: Declare, recorded: Recorded) -> None:
    declare(with_key)
    key = recorded.one("aws:kms/key:Key").state["arn"]
    assert recorded.one(FUNCTION).inputs["kmsKeyArn"] == key
    assert recorded.one("aws:cloudwatch/logGroup:LogGroup").inputs["kmsKeyId"] == key


def test_its_role_decrypts_with_that_key_what_lambda_encrypted_and_nothing_else(
    declare: Declare, recorded: Recorded
) -> None:
    declare(with_key)
    (decrypt,) = [one for one in statements(recorded) if one["Action"] == ["kms:Decrypt"]]
    assert decrypt["Resource"] == [recorded.one("aws:kms/key:Key").state["arn"]]
    context = "kms:EncryptionContext:aws:lambda:FunctionArn"
    assert decrypt["Condition"] == {"Null": {context: "false"}}


def inside(net: Network) -> Inside:
    return Inside(subnets=net.private_subnets, group=group("painters", net))


def test_inside_the_vpc_it_stands_in_the_subnets_and_the_group_given(
    declare: Declare, recorded: Recorded
) -> None:
    declare(lambda: function(inside=inside(network())))
    (private_a, private_b) = [
        one.state["id"] for one in recorded.of("aws:ec2/subnet:Subnet") if "private" in one.name
    ]
    made = recorded.one("aws:ec2/securityGroup:SecurityGroup", "painters-group")
    assert recorded.one(FUNCTION).inputs["vpcConfig"] == {
        "subnetIds": [private_a, private_b],
        "securityGroupIds": [made.state["id"]],
    }


def test_lambda_may_set_up_its_network_interfaces_and_its_own_code_may_not(
    declare: Declare, recorded: Recorded
) -> None:
    declare(lambda: function(inside=inside(network())))
    (interfaces,) = [
        one
        for name in ("painter-policy",)
        for one in json.loads(recorded.one("aws:iam/rolePolicy:RolePolicy", name).inputs["policy"])[
            "Statement"
        ]
        if "ec2:CreateNetworkInterface" in one["Action"]
    ]
    assert interfaces["Condition"] == {"Null": {"lambda:SourceFunctionArn": "true"}}
    assert {action.partition(":")[0] for action in interfaces["Action"]} == {"ec2"}


def test_outside_the_vpc_its_role_has_no_such_permission(
    declare: Declare, recorded: Recorded
) -> None:
    declare(function)
    assert "vpcConfig" not in recorded.one(FUNCTION).inputs
    assert not [
        one for one in statements(recorded) if "ec2:CreateNetworkInterface" in one["Action"]
    ]


def mounting(path: str = "/mnt/slides") -> pulumi.Output[str]:
    net = network()
    files = FileSystem("shared", FileSystemArgs(network=net))
    point = files.access_point("slides", "/slides", 1000, 1000)
    return function(inside=inside(net), mount=Mount(access_point=point, path=path))


def test_a_mounted_folder_is_there_before_the_function(
    declare: Declare, recorded: Recorded
) -> None:
    declare(mounting)
    made = recorded.one(FUNCTION)
    point = recorded.one("aws:efs/accessPoint:AccessPoint").state["arn"]
    assert made.inputs["fileSystemConfig"] == {"arn": point, "localMountPath": "/mnt/slides"}
    targets = {one.name for one in recorded.of("aws:efs/mountTarget:MountTarget")}
    assert len(targets) == 2
    assert targets <= made.depends_on


def test_a_mount_elsewhere_than_under_mnt_is_refused(declare: Declare) -> None:
    with pytest.raises(ValueError, match=r"path: Lambda mounts at /mnt/NAME, got '/var/slides'"):
        declare(lambda: mounting("/var/slides"))


def test_a_mount_outside_the_vpc_is_refused(declare: Declare) -> None:
    def program() -> pulumi.Output[str]:
        point = FileSystem("shared", FileSystemArgs(network=network())).access_point(
            "slides", "/slides", 1000, 1000
        )
        return function(mount=Mount(access_point=point, path="/mnt/slides"))

    with pytest.raises(
        ValueError, match="mount: /mnt/slides is in the VPC and the function is not"
    ):
        declare(program)


def test_a_place_in_the_vpc_without_a_subnet_is_refused(declare: Declare) -> None:
    with pytest.raises(ValueError, match=r"subnets: .* at least one, got none"):
        declare(lambda: Inside(subnets=(), group=group("painters", network())))


@pytest.mark.parametrize(("reserved", "copies"), [(True, 5), (False, None)])
def test_copies_are_reserved_only_where_the_account_has_some(
    declare: Declare, recorded: Recorded, *, reserved: bool, copies: int | None
) -> None:
    declare(lambda: function(platform=platform(reserved=reserved), reserve=5))
    assert recorded.one(FUNCTION).inputs.get("reservedConcurrentExecutions") == copies


def test_fewer_copies_than_its_queue_runs_are_refused(declare: Declare) -> None:
    with pytest.raises(ValueError, match="reserve: its queue runs up to 8 copies, 5 are reserved"):
        declare(
            lambda: function(reserve=5, source=QueueSource(queue=queue(), batch=1, concurrency=8))
        )


def test_calling_it_is_granted_on_it_alone(declare: Declare, recorded: Recorded) -> None:
    document = json.loads(declare(lambda: policy_document([painter().invoke()])))
    (statement,) = document["Statement"]
    assert statement["Action"] == ["lambda:InvokeFunction"]
    assert statement["Resource"] == [recorded.one(FUNCTION).state["arn"]]


def test_a_service_may_call_it_for_one_resource(declare: Declare, recorded: Recorded) -> None:
    declare(lambda: painter().allow("nightly", "events.amazonaws.com", "arn:rule").id)
    assert recorded.one(PERMISSION, "painter-called-by-nightly").inputs == {
        "action": "lambda:InvokeFunction",
        "function": "painter-function-1a2b3c4",
        "principal": "events.amazonaws.com",
        "sourceArn": "arn:rule",
    }


def addressed() -> tuple[pulumi.Output[str], pulumi.Output[str]]:
    made = painter()
    made.allow_distribution("viewer", "arn:distribution")
    return made.url(), made.url_host(PLACE)


def test_it_has_no_address_unless_somebody_asks(declare: Declare, recorded: Recorded) -> None:
    declare(function)
    assert not recorded.of("aws:lambda/functionUrl:FunctionUrl")


def test_its_address_takes_signed_requests_only(declare: Declare, recorded: Recorded) -> None:
    url, host = declare(addressed)
    made = recorded.one("aws:lambda/functionUrl:FunctionUrl")
    assert made.inputs["authorizationType"] == "AWS_IAM"
    assert url == f"https://{host}/"
    assert host == "painter-url-1a2b3c4.lambda-url.eu-central-1.on.aws"


def test_one_distribution_gets_both_permissions_that_an_address_asks_for(
    declare: Declare, recorded: Recorded
) -> None:
    declare(addressed)
    by_url, invoked = recorded.of(PERMISSION)[::-1]
    for one in (by_url, invoked):
        assert one.inputs["principal"] == "cloudfront.amazonaws.com"
        assert one.inputs["sourceArn"] == "arn:distribution"
    assert by_url.inputs["action"] == "lambda:InvokeFunctionUrl"
    assert by_url.inputs["functionUrlAuthType"] == "AWS_IAM"
    assert invoked.inputs["action"] == "lambda:InvokeFunction"
    assert invoked.inputs["invokedViaFunctionUrl"] is True
