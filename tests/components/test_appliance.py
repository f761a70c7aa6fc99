import json
from typing import Any

import pulumi
import pytest

from components.appliance import Appliance, ApplianceArgs
from components.encryption import Key, KeyArgs
from components.iam import policy_document
from tests.components.gateway_program import PLACE, network
from tests.support.pulumi_recorder import Declare, Recorded

INSTANCE = "aws:ec2/instance:Instance"
VOLUME = "aws:ebs/volume:Volume"
ATTACHMENT = "aws:ec2/volumeAttachment:VolumeAttachment"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"


def appliance(**changes: Any) -> Appliance:
    return Appliance("appliance", ApplianceArgs(**{"network": network(), **changes}))


def key() -> Key:
    return Key("key", KeyArgs(description="Disks", place=PLACE))


def test_the_appliance_has_no_public_address_no_role_and_no_way_to_sign_in(
    declare: Declare, recorded: Recorded
) -> None:
    declare(lambda: appliance().id)
    inputs = recorded.one(INSTANCE).inputs
    assert inputs["associatePublicIpAddress"] is False
    assert inputs["subnetId"] == recorded.of("aws:ec2/subnet:Subnet")[0].state["id"]
    assert not {"iamInstanceProfile", "keyName", "userData"} & inputs.keys()
    assert inputs["metadataOptions"] == {
        "httpEndpoint": "enabled",
        "httpTokens": "required",
        "httpPutResponseHopLimit": 1,
    }


def test_its_image_is_looked_up(declare: Declare, recorded: Recorded) -> None:
    declare(lambda: appliance().id)
    assert recorded.one(INSTANCE).inputs["ami"] == "ami-0123456789abcdef0"


def test_both_disks_are_encrypted_and_of_the_size_that_is_asked_for(
    declare: Declare, recorded: Recorded
) -> None:
    declare(lambda: appliance(cache_gb=300).id)
    instance, volume = recorded.one(INSTANCE), recorded.one(VOLUME)
    assert instance.inputs["rootBlockDevice"]["encrypted"] is True
    assert volume.inputs["encrypted"] is True
    assert (volume.inputs["size"], volume.inputs["type"]) == (300, "gp3")
    subnet = recorded.of("aws:ec2/subnet:Subnet")[0]
    assert volume.inputs["availabilityZone"] == subnet.inputs["availabilityZone"]


def test_the_cache_comes_off_a_machine_that_stands_still(
    declare: Declare, recorded: Recorded
) -> None:
    declare(lambda: appliance().id)
    attachment = recorded.one(ATTACHMENT).inputs
    assert attachment["stopInstanceBeforeDetaching"] is True
    assert attachment["volumeId"] == recorded.one(VOLUME).state["id"]
    assert attachment["instanceId"] == recorded.one(INSTANCE).state["id"]


def test_it_reaches_s3_and_nothing_else_by_itself(declare: Declare, recorded: Recorded) -> None:
    declare(lambda: appliance().id)
    (rule,) = recorded.of(EGRESS)
    assert (rule.inputs["fromPort"], rule.inputs["toPort"]) == (443, 443)
    assert "prefixListId" in rule.inputs
    assert not recorded.of("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")


def test_it_reaches_domain_controllers_inside_the_network_where_there_is_a_directory(
    declare: Declare, recorded: Recorded
) -> None:
    def program() -> pulumi.Output[str]:
        made = appliance()
        made.reach_directory()
        return made.id

    declare(program)
    rules = [rule.inputs for rule in recorded.of(EGRESS) if "cidrIpv4" in rule.inputs]
    assert {rule["cidrIpv4"] for rule in rules} == {"10.20.0.0/16"}
    ports = {(rule["ipProtocol"], rule["fromPort"]) for rule in rules}
    assert {("tcp", 88), ("udp", 88), ("tcp", 389), ("tcp", 445), ("udp", 53)} <= ports
    assert all(rule["description"] for rule in rules)


def statements(declare: Declare, method: str, **changes: Any) -> list[dict[str, Any]]:
    def program() -> pulumi.Output[str]:
        grants = getattr(appliance(**{name: make() for name, make in changes.items()}), method)()
        return policy_document(grants if isinstance(grants, tuple) else (grants,))

    found: list[dict[str, Any]] = json.loads(declare(program))["Statement"]
    return found


def test_starting_it_names_the_instance(declare: Declare) -> None:
    start, look = statements(declare, "start")
    assert start["Action"] == ["ec2:StartInstances"]
    assert start["Resource"] == ["arn:aws:ec2:eu-central-1:123456789012:appliance-instance-1a2b3c4"]
    assert look["Action"] == ["ec2:DescribeInstances"]


def test_starting_it_opens_disks_with_a_key_of_their_own(
    declare: Declare, recorded: Recorded
) -> None:
    _, opening, _ = statements(declare, "start", key=key)
    arn = recorded.one("aws:kms/key:Key").state["arn"]
    assert (opening["Action"], opening["Resource"]) == (["kms:CreateGrant"], [arn])
    assert opening["Condition"] == {"Bool": {"kms:GrantIsForAWSResource": "true"}}
    assert recorded.one(VOLUME).inputs["kmsKeyId"] == arn
    assert recorded.one(INSTANCE).inputs["rootBlockDevice"]["kmsKeyId"] == arn


def test_stopping_it_does_not_include_ending_it(declare: Declare) -> None:
    (stop,) = statements(declare, "stop")
    assert stop["Action"] == ["ec2:StopInstances"]


@pytest.mark.parametrize(
    "instance_type", ["t3.xlarge", "m5.large", "m6g.xlarge", "m7gd.2xlarge", "m5", "xlarge", ""]
)
def test_instances_that_the_appliance_does_not_run_on_are_refused(
    declare: Declare, instance_type: str
) -> None:
    with pytest.raises(ValueError, match=f"gateway.instanceType: '{instance_type}'.*m5.xlarge"):
        declare(lambda: appliance(instance_type=instance_type).id)


@pytest.mark.parametrize("instance_type", ["m5.xlarge", "m5.4xlarge", "m6i.2xlarge", "r5n.xlarge"])
def test_instances_that_are_large_enough_are_taken(declare: Declare, instance_type: str) -> None:
    declare(lambda: appliance(instance_type=instance_type).id)


@pytest.mark.parametrize("size", [0, 149, 16_385])
def test_a_cache_of_a_size_that_is_not_taken_is_refused(declare: Declare, size: int) -> None:
    with pytest.raises(ValueError, match=f"gateway.cacheGb: .* 150 to 16384 GiB .*got {size}"):
        declare(lambda: appliance(cache_gb=size).id)
