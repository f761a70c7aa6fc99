import json
from typing import Any

import pytest

from tests.components.gateway_program import (
    DIRECTORY,
    INVOCATION,
    SHARE,
    gateway,
    gateway_and_desktop,
)
from tests.support.pulumi_recorder import Declare, Recorded, Resource

GATEWAY = "aws:storagegateway/gateway:Gateway"
GATEWAY_ARN = "arn:aws:storagegateway:eu-central-1:123456789012:gateway/sgw-12A3456B"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
FUNCTION = "aws:lambda/function:Function"
KEY = "BME11-LQPTD-DF11P-BLLQ0-111V1"
ADDRESS = "10.20.0.10"


def before(recorded: Recorded, resource: Resource) -> set[str]:
    """Names of all that has to be there before a resource, and stays until it is deleted."""
    by_name = {one.name: one for one in recorded}
    found: set[str] = set()
    waiting = list(resource.depends_on)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += by_name[name].depends_on if name in by_name else ()
    return found


def environment(recorded: Recorded, name: str) -> dict[str, str]:
    found: dict[str, str] = recorded.one(FUNCTION, f"{name}-function").inputs["environment"][
        "variables"
    ]
    return found


def statements(recorded: Recorded, name: str) -> list[dict[str, Any]]:
    policy = recorded.one("aws:iam/rolePolicy:RolePolicy", f"{name}-policy")
    found: list[dict[str, Any]] = json.loads(policy.inputs["policy"])["Statement"]
    return found


def test_paths_are_as_windows_takes_them(declare: Declare) -> None:
    assert declare(lambda: gateway().share_path) == rf"\\{ADDRESS}\slides"
    assert declare(lambda: gateway().work_path) == rf"\\{ADDRESS}\work"
    assert declare(lambda: gateway().user) == r"sgw-12A3456B\smbguest"


def test_with_a_directory_nobody_signs_in_as_the_gateways_own_account(declare: Declare) -> None:
    assert declare(lambda: gateway(directory=DIRECTORY).user) == ""


def test_the_gateway_is_activated_with_the_key_that_the_function_fetched(
    declare: Declare, recorded: Recorded
) -> None:
    declare(lambda: gateway().arn)
    inputs = recorded.one(GATEWAY).inputs
    assert inputs["activationKey"]["value"] == KEY  # marked as secret
    assert inputs["gatewayType"] == "FILE_S3"
    assert inputs["smbSecurityStrategy"] == "MandatoryEncryption"
    assert "gatewayIpAddress" not in inputs  # the deployer's machine asks nothing


def test_the_key_is_fetched_again_for_a_new_appliance_alone(
    declare: Declare, recorded: Recorded
) -> None:
    declare(lambda: gateway().arn)
    call = recorded.one(INVOCATION, "gateway-activation-key").inputs
    assert json.loads(call["input"]) == {
        "appliance": recorded.one("aws:ec2/instance:Instance").state["id"],
        "address": ADDRESS,
    }
    assert "triggers" not in call


def test_the_activation_function_stands_in_the_network_and_calls_no_aws_api(
    declare: Declare, recorded: Recorded
) -> None:
    declare(lambda: gateway().arn)
    function = recorded.one(FUNCTION, "gateway-activation-function").inputs
    assert len(function["vpcConfig"]["subnetIds"]) == 1
    actions = {a for s in statements(recorded, "gateway-activation") for a in s["Action"]}
    assert not [action for action in actions if action.startswith("storagegateway:")]


@pytest.mark.parametrize("name", ["setup", "wake", "refresh"])
def test_functions_that_call_aws_stand_outside(
    declare: Declare, recorded: Recorded, name: str
) -> None:
    declare(lambda: gateway().arn)
    assert "vpcConfig" not in recorded.one(FUNCTION, f"gateway-{name}-function").inputs


def test_the_appliance_accepts_activation_and_the_desktop_alone(
    declare: Declare, recorded: Recorded
) -> None:
    declare(gateway_and_desktop)
    rules = {
        rule.name: (rule.inputs["fromPort"], rule.inputs["toPort"])
        for rule in recorded.of(INGRESS)
        if rule.name.startswith("gateway-appliance-from-")
    }
    assert rules == {
        "gateway-appliance-from-gateway-activation-80": (80, 80),
        "gateway-appliance-from-desktop-445": (445, 445),
    }


def test_the_endpoint_accepts_the_appliance_on_the_documented_ports(
    declare: Declare, recorded: Recorded
) -> None:
    declare(lambda: gateway().arn)
    ports = {
        rule.inputs["fromPort"]
        for rule in recorded.of(INGRESS)
        if rule.name.startswith("gateway-service-from-gateway-appliance")
    }
    assert ports == {443, 1026, 1027, 1028, 1031, 2222}


def test_the_password_is_in_no_input_and_set_before_the_first_share(
    declare: Declare, recorded: Recorded
) -> None:
    declare(lambda: gateway().arn)
    assert not recorded.of("aws:secretsmanager/secretVersion:SecretVersion")
    assert "smbGuestPassword" not in recorded.one(GATEWAY).inputs
    for share in recorded.of(SHARE):
        assert {"gateway-password-set", "gateway-cache-set"} <= before(recorded, share)
    assert environment(recorded, "gateway-setup") == {
        "LABSIGHT_GATEWAY": GATEWAY_ARN,
        "LABSIGHT_GATEWAY_SECRET": recorded.one("aws:secretsmanager/secret:Secret").state["arn"],
    }


def test_set_up_is_done_again_for_a_new_gateway_alone(declare: Declare, recorded: Recorded) -> None:
    declare(lambda: gateway().arn)
    for what in ("cache", "password"):
        call = recorded.one(INVOCATION, f"gateway-{what}-set").inputs
        assert json.loads(call["input"]) == {"do": what, "gateway": GATEWAY_ARN}


def test_a_directory_needs_no_password_of_ours_and_keeps_its_own_secret(
    declare: Declare, recorded: Recorded
) -> None:
    declare(lambda: gateway(directory=DIRECTORY).arn)
    assert not recorded.of("aws:secretsmanager/secret:Secret")
    assert not [one for one in recorded.of(INVOCATION) if "password" in one.name]
    settings = recorded.one(GATEWAY).inputs["smbActiveDirectorySettings"]
    assert settings["value"]["domainName"] == "corp.example.org"  # marked as secret, all of it
    for share in recorded.of(SHARE):
        assert share.inputs["authentication"] == "ActiveDirectory"
        assert "gateway-cache-set" in before(recorded, share)
    elsewhere = [one for one in recorded if one.type != GATEWAY]
    assert "planted-secret" not in str([one.inputs for one in elsewhere])


def test_slides_are_read_only_and_work_is_writable(declare: Declare, recorded: Recorded) -> None:
    declare(lambda: gateway().arn)
    shares = {share.inputs["fileShareName"]: share.inputs for share in recorded.of(SHARE)}
    assert {name: inputs["readOnly"] for name, inputs in shares.items()} == {
        "slides": True,
        "work": False,
    }
    log = recorded.one("aws:cloudwatch/logGroup:LogGroup", "gateway-audit-log")
    assert {inputs["auditDestinationArn"] for inputs in shares.values()} == {log.state["arn"]}
    assert log.inputs["name"].startswith("/aws/vendedlogs/")


def test_the_appliance_is_started_before_anything_of_the_gateway_is_deleted(
    declare: Declare, recorded: Recorded
) -> None:
    declare(gateway_and_desktop)
    wake = recorded.one(INVOCATION, "gateway-wake-before-delete")
    assert wake.inputs["lifecycleScope"] == "CRUD"
    earlier = before(recorded, wake)
    assert {share.name for share in recorded.of(SHARE)} <= earlier
    assert {"gateway-gateway", "gateway-appliance-instance"} <= earlier
    actions = {a for s in statements(recorded, "gateway-wake") for a in s["Action"]}
    assert "ec2:StartInstances" in actions
    assert "ec2:StopInstances" not in actions


def test_what_stops_the_appliance_is_gone_by_then(declare: Declare, recorded: Recorded) -> None:
    declare(gateway_and_desktop)
    stopping = [
        one for one in recorded if one.name.startswith("gateway-power") and "aws:" in one.type
    ]
    function = recorded.one(FUNCTION, "gateway-power-function")
    assert function in stopping
    assert "gateway-wake-before-delete" in before(recorded, function)


def test_a_refresh_names_its_shares_and_no_more(declare: Declare, recorded: Recorded) -> None:
    declare(lambda: gateway().arn)
    shares = {one.inputs["fileShareName"]: one.state["arn"] for one in recorded.of(SHARE)}
    assert json.loads(environment(recorded, "gateway-refresh")["LABSIGHT_SHARES"]) == {
        "slides/": shares["slides"],
        "work/": shares["work"],
    }
    (refresh,) = [
        one
        for one in statements(recorded, "gateway-refresh")
        if "storagegateway:RefreshCache" in one["Action"]
    ]
    assert sorted(refresh["Resource"]) == sorted(shares.values())


def test_new_objects_and_starts_of_the_appliance_wait_in_one_queue(
    declare: Declare, recorded: Recorded
) -> None:
    declare(lambda: gateway().arn)
    patterns = [
        json.loads(one.inputs["eventPattern"])
        for one in recorded.of("aws:cloudwatch/eventRule:EventRule")
    ]
    prefixes = [
        pattern["detail"]["object"]["key"][0]["prefix"]
        for pattern in patterns
        if pattern["source"] == ["aws.s3"]
    ]
    assert sorted(prefixes) == ["slides/", "work/"]
    (start,) = [pattern for pattern in patterns if pattern["source"] == ["aws.ec2"]]
    assert start["detail"]["state"] == ["running"]
    queue = recorded.one("aws:sqs/queue:Queue", "gateway-refresh-queue")
    targets = recorded.of("aws:cloudwatch/eventTarget:EventTarget")
    assert {target.inputs["arn"] for target in targets} == {queue.state["arn"]}
    assert (
        environment(recorded, "gateway-refresh")["LABSIGHT_REFRESH_QUEUE"] == (queue.state["url"])
    )
    assert not recorded.of("aws:lambda/eventSourceMapping:EventSourceMapping")


def test_refreshes_are_further_apart_than_a_gateway_ignores(
    declare: Declare, recorded: Recorded
) -> None:
    declare(lambda: gateway().arn)
    schedule = recorded.one("aws:scheduler/schedule:Schedule")
    assert schedule.inputs["scheduleExpression"] == "rate(2 minutes)"
    assert recorded.one(FUNCTION, "gateway-refresh-function").inputs["timeout"] <= 60


def test_the_appliance_follows_the_desktop_by_its_changes_and_by_the_hour(
    declare: Declare, recorded: Recorded
) -> None:
    declare(gateway_and_desktop)
    rule = recorded.one("aws:cloudwatch/eventRule:EventRule", "gateway-power-desktop")
    detail = json.loads(rule.inputs["eventPattern"])["detail"]
    desktop = recorded.one("aws:ec2/instance:Instance", "desktop").state["id"]
    assert detail["instance-id"] == [desktop]
    assert detail["state"] == ["pending", "running", "stopping", "stopped"]
    hourly = recorded.one("aws:scheduler/schedule:Schedule", "gateway-power-hourly-schedule")
    assert hourly.inputs["scheduleExpression"] == "rate(1 hour)"
    assert environment(recorded, "gateway-power") == {
        "LABSIGHT_APPLIANCE": recorded.one(
            "aws:ec2/instance:Instance", "gateway-appliance-instance"
        ).state["id"],
        "LABSIGHT_DESKTOP": desktop,
        "LABSIGHT_GATEWAY_ID": "sgw-12A3456B",
        "LABSIGHT_GATEWAY_NAME": "labsight-test-gateway",
    }
    assert recorded.one(GATEWAY).inputs["gatewayName"] == "labsight-test-gateway"


def test_a_message_about_the_desktop_lives_longer_than_unsaved_results_are_waited_for(
    declare: Declare, recorded: Recorded
) -> None:
    declare(gateway_and_desktop)
    queue = recorded.one("aws:sqs/queue:Queue", "gateway-power-queue").inputs
    tries = json.loads(queue["redrivePolicy"])["maxReceiveCount"]
    assert tries * queue["visibilityTimeoutSeconds"] > 45 * 60


@pytest.mark.parametrize("time_zone", ["Europe/Berlin", "GMT+15:00", "GMT+1", "UTC", ""])
def test_time_zones_that_the_service_does_not_take_are_refused(
    declare: Declare, time_zone: str
) -> None:
    with pytest.raises(ValueError, match=r"gateway.timeZone: .* such as GMT\+1:00"):
        declare(lambda: gateway(time_zone=time_zone).arn)


@pytest.mark.parametrize("time_zone", ["GMT", "GMT+1:00", "GMT-10:30"])
def test_time_zones_that_the_service_takes(
    declare: Declare, recorded: Recorded, time_zone: str
) -> None:
    declare(lambda: gateway(time_zone=time_zone).arn)
    assert recorded.one(GATEWAY).inputs["gatewayTimezone"] == time_zone


def test_a_first_preview_knows_nothing_and_declares_the_same(
    declare: Declare, recorded: Recorded
) -> None:
    declare(gateway_and_desktop)
    known = sorted((one.type, one.name) for one in recorded)
    declare(gateway_and_desktop, known=False)
    assert sorted((one.type, one.name) for one in recorded) == known
