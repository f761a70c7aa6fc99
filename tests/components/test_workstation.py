import json
import re
from typing import Any

import pytest

from components.encryption import Key, KeyArgs
from components.timetable import Timetable
from components.workstation_args import Shares
from tests.support.networks import PLACE, group, network
from tests.support.pulumi_recorder import Declare, Recorded, Resource
from tests.support.workstations import PLANTED, gateway_shares, workstation

INSTANCE = "aws:ec2/instance:Instance"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
TUNNEL = "aws:ec2transitgateway/instanceConnectEndpoint:InstanceConnectEndpoint"
ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"
SCHEDULE = "aws:scheduler/schedule:Schedule"
GROUP = "desktop-group-1a2b3c4"


def declared(declare: Declare, recorded: Recorded, **changes: Any) -> Resource:
    declare(lambda: workstation(**changes).instance_id)
    return recorded.one(INSTANCE)


def grants(recorded: Recorded, policy: str = "desktop-policy") -> dict[str, dict[str, Any]]:
    document = json.loads(recorded.one("aws:iam/rolePolicy:RolePolicy", policy).inputs["policy"])
    return {",".join(one["Action"]): one for one in document["Statement"]}


def services(recorded: Recorded) -> set[str]:
    found = (one.inputs["serviceName"].rpartition(".")[2] for one in recorded.of(ENDPOINT))
    return {name for name in found if name != "s3"}


def ways_in(recorded: Recorded) -> dict[str, int]:
    return {
        one.inputs["referencedSecurityGroupId"]: one.inputs["fromPort"]
        for one in recorded.of(INGRESS)
        if one.inputs["securityGroupId"] == GROUP
    }


def test_the_machine_has_no_public_address_and_a_closed_metadata_service(
    declare: Declare, recorded: Recorded
) -> None:
    inputs = declared(declare, recorded).inputs
    assert inputs["associatePublicIpAddress"] is False
    assert "private" in inputs["subnetId"]
    assert inputs["metadataOptions"] == {
        "httpEndpoint": "enabled",
        "httpTokens": "required",
        "httpPutResponseHopLimit": 1,
    }


def test_the_disk_is_encrypted_and_a_shutdown_from_inside_keeps_it(
    declare: Declare, recorded: Recorded
) -> None:
    inputs = declared(declare, recorded, disk_gb=200).inputs
    disk = inputs["rootBlockDevice"]
    assert (disk["encrypted"], disk["volumeType"], disk["volumeSize"]) == (True, "gp3", 200)
    assert inputs["instanceInitiatedShutdownBehavior"] == "stop"


def test_nothing_forbids_that_the_stack_is_destroyed(declare: Declare, recorded: Recorded) -> None:
    machine = declared(declare, recorded)
    assert "disableApiTermination" not in machine.inputs
    assert "disableApiStop" not in machine.inputs
    assert not machine.retained


@pytest.mark.parametrize(("kind", "port"), [("windows", 3389), ("linux-dcv", 22)])
def test_the_only_way_in_is_the_tunnel_endpoints_group_on_one_port(
    declare: Declare, recorded: Recorded, kind: str, port: int
) -> None:
    declared(declare, recorded, kind=kind)
    assert ways_in(recorded) == {"desktop-tunnel-group-1a2b3c4": port}
    tunnel = recorded.one(TUNNEL).inputs
    assert tunnel["securityGroupIds"] == ["desktop-tunnel-group-1a2b3c4"]
    assert tunnel["preserveClientIp"] is False


def test_the_tunnel_endpoint_reaches_the_workstation_and_nothing_else(
    declare: Declare, recorded: Recorded
) -> None:
    declared(declare, recorded)
    out = [
        one.inputs
        for one in recorded.of(EGRESS)
        if one.inputs["securityGroupId"] == "desktop-tunnel-group-1a2b3c4"
    ]
    assert [(one["referencedSecurityGroupId"], one["fromPort"]) for one in out] == [(GROUP, 3389)]


def test_with_session_manager_there_is_no_way_in_at_all(
    declare: Declare, recorded: Recorded
) -> None:
    declared(declare, recorded, access="session-manager")
    assert ways_in(recorded) == {}
    assert recorded.of(TUNNEL) == []
    assert services(recorded) == {"ssm", "ssmmessages", "secretsmanager"}
    assert any("ssmmessages:OpenDataChannel" in actions for actions in grants(recorded))


def test_without_session_manager_the_machine_may_not_talk_to_it(
    declare: Declare, recorded: Recorded
) -> None:
    declared(declare, recorded)
    assert services(recorded) == {"secretsmanager"}
    assert not [actions for actions in grants(recorded) if "ssm" in actions]


def test_the_machine_reaches_s3_endpoints_and_shares_and_no_address(
    declare: Declare, recorded: Recorded
) -> None:
    declared(declare, recorded, shares=gateway_shares)
    out = [one for one in recorded.of(EGRESS) if one.inputs["securityGroupId"] == GROUP]
    to = {
        one.inputs.get("referencedSecurityGroupId", "").split("-")[0]
        or one.inputs["prefixListId"]: one.inputs["fromPort"]
        for one in out
    }
    assert to == {"pl-6ea54007": 443, "secretsmanager": 443, "gateway": 445}
    assert len(out) == 3


def test_a_windows_machine_may_read_tools_and_the_shares_password_and_store_its_own(
    declare: Declare, recorded: Recorded
) -> None:
    declared(declare, recorded, shares=gateway_shares)
    found = grants(recorded)
    assert found.keys() == {
        "s3:GetObject",
        "secretsmanager:PutSecretValue",
        "secretsmanager:GetSecretValue",
    }
    assert found["s3:GetObject"]["Resource"] == ["arn:aws:s3:::archive-bucket-1a2b3c4/tools/*"]
    assert "desktop-password" in found["secretsmanager:PutSecretValue"]["Resource"][0]
    assert "share-secret" in found["secretsmanager:GetSecretValue"]["Resource"][0]


def test_with_a_key_pair_windows_needs_no_secret_and_no_way_to_one(
    declare: Declare, recorded: Recorded
) -> None:
    machine = declared(declare, recorded, key_pair="operator")
    assert machine.inputs["keyName"] == "operator"
    assert recorded.of("aws:secretsmanager/secret:Secret") == []
    assert services(recorded) == set()
    assert "labsight:password" not in machine.inputs["tags"]


def test_dcv_asks_for_a_password_whoever_has_a_key(declare: Declare, recorded: Recorded) -> None:
    machine = declared(declare, recorded, kind="linux-dcv", key_pair="operator")
    assert "desktop-password" in machine.inputs["tags"]["labsight:password"]


def test_a_linux_machine_reads_slides_tools_and_dcvs_licence(
    declare: Declare, recorded: Recorded
) -> None:
    declared(declare, recorded, kind="linux-dcv")
    document = json.loads(
        recorded.one("aws:iam/rolePolicy:RolePolicy", "desktop-policy").inputs["policy"]
    )
    read = {
        resource
        for one in document["Statement"]
        if one["Action"] == ["s3:GetObject"]
        for resource in one["Resource"]
    }
    assert read == {
        "arn:aws:s3:::archive-bucket-1a2b3c4/tools/*",
        "arn:aws:s3:::archive-bucket-1a2b3c4/slides/*",
        "arn:aws:s3:::dcv-license.eu-central-1/*",
    }
    assert not [one for one in document["Statement"] if "s3:PutObject" in one["Action"]]


def test_the_image_is_looked_up_when_the_stack_is_deployed(
    declare: Declare, recorded: Recorded
) -> None:
    assert declared(declare, recorded).inputs["ami"] == "ami-0123456789abcdef0"


def test_the_command_line_finds_the_machine_and_what_it_needs_by_tags(
    declare: Declare, recorded: Recorded
) -> None:
    tags = declared(
        declare, recorded, timetable=Timetable(stop_at="20:00", time_zone="Europe/Berlin")
    ).inputs["tags"]
    assert tags["labsight:part"] == "desktop"
    assert tags["labsight:stack"] == "test"
    assert tags["labsight:kind"] == "windows"
    assert tags["labsight:access"] == "instance-connect"
    assert tags["labsight:idle-minutes"] == "60"
    assert tags["labsight:stops-at"] == "20:00 Europe/Berlin"
    assert tags["labsight:bucket"] == "archive-bucket-1a2b3c4"
    # https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html
    assert all(re.fullmatch(r"[\w .:/=+@-]{1,256}", value) for value in tags.values())


def test_the_output_is_a_command_that_can_be_pasted(declare: Declare) -> None:
    command = declare(lambda: workstation().command)
    assert command == "labsight desktop connect --stack test --region eu-central-1"


@pytest.mark.parametrize("kind", ["windows", "linux-dcv"])
def test_no_secret_is_in_user_data_or_tags(declare: Declare, recorded: Recorded, kind: str) -> None:
    shares = {"shares": gateway_shares} if kind == "windows" else {}
    inputs = declared(declare, recorded, kind=kind, **shares).inputs
    assert PLANTED not in inputs["userData"]
    assert PLANTED not in json.dumps(inputs["tags"])
    assert "arn:aws:secretsmanager:" in inputs["userData"]


def test_windows_is_told_where_the_shares_are(declare: Declare, recorded: Recorded) -> None:
    data = declared(declare, recorded, shares=gateway_shares).inputs["userData"]
    assert r"Shares = @{ S = '\\10.20.0.9\slides'; W = '\\10.20.0.9\work' }" in data
    assert "ShareUser = 'smbguest'" in data


def test_users_of_a_directory_sign_in_to_the_shares_themselves(
    declare: Declare, recorded: Recorded
) -> None:
    def shares(inside: Any) -> Shares:
        return Shares(group=group("gateway", inside), drives={"S": r"\\10.20.0.9\slides"})

    data = declared(declare, recorded, shares=shares).inputs["userData"]
    assert "ShareSecret = ''" in data
    assert "secretsmanager:GetSecretValue" not in grants(recorded)


def test_the_timetable_starts_and_stops_this_machine_alone(
    declare: Declare, recorded: Recorded
) -> None:
    machine = declared(
        declare, recorded, timetable=Timetable(start_at="07:30", stop_at="20:00", days="MON-FRI")
    )
    schedules = {one.name: one.inputs for one in recorded.of(SCHEDULE)}
    assert schedules.keys() == {"desktop-timetable-start", "desktop-timetable-stop"}
    found = grants(recorded, "desktop-timetable-policy")["ec2:StartInstances,ec2:StopInstances"]
    assert found["Resource"] == [machine.state["arn"]]


def test_without_times_there_is_no_timetable(declare: Declare, recorded: Recorded) -> None:
    declared(declare, recorded)
    assert recorded.of(SCHEDULE) == []


def test_starting_a_disk_with_an_own_key_hands_ec2_that_key_and_no_more(
    declare: Declare, recorded: Recorded
) -> None:
    def key(_inside: Any) -> Key:
        return Key("key", KeyArgs(description="Disks", place=PLACE))

    machine = declared(
        declare, recorded, disk_key=key, timetable=Timetable(start_at="07:30", stop_at="20:00")
    )
    assert "key-key" in machine.inputs["rootBlockDevice"]["kmsKeyId"]
    given = grants(recorded, "desktop-timetable-policy")["kms:CreateGrant"]
    assert given["Condition"] == {"Bool": {"kms:GrantIsForAWSResource": "true"}}


def test_a_first_preview_knows_nothing_and_declares_the_same(
    declare: Declare, recorded: Recorded
) -> None:
    declared(declare, recorded, shares=gateway_shares)
    deployed = {(one.type, one.name) for one in recorded}
    declare(lambda: workstation(shares=gateway_shares).instance_id, known=False)
    assert {(one.type, one.name) for one in recorded} == deployed


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kind": "macos"}, "desktop.kind: 'macos' is none of windows, linux-dcv"),
        ({"access": "rdp"}, "desktop.access: 'rdp' is none of instance-connect, session-manager"),
        ({"disk_gb": 30}, "desktop.diskGb: windows takes 50 to 16384, got 30"),
        ({"idle_minutes": 5}, "desktop.idleMinutes: 0 for never, or 10 to 1440, got 5"),
        ({"instance_type": "m7g.xlarge"}, "'m7g.xlarge' is not an x86 type such as t3.xlarge"),
        ({"instance_type": "big"}, "desktop.instanceType: 'big' is not an x86 type"),
        (
            {"kind": "linux-dcv", "shares": gateway_shares},
            "linux-dcv mounts the archive itself and takes no shares",
        ),
    ],
)
def test_what_cannot_work_is_refused(
    declare: Declare, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        declare(lambda: workstation(**changes).instance_id)


@pytest.mark.parametrize("letter", ["C", "s", "SS", "1", ""])
def test_a_drive_letter_that_windows_does_not_give_away_is_refused(
    declare: Declare, letter: str
) -> None:
    with pytest.raises(ValueError, match="a share is mapped as D to Z"):
        declare(lambda: Shares(group=group("gateway", network()), drives={letter: "x"}).user)


@pytest.mark.parametrize("type_", ["g4dn.xlarge", "m7i-flex.large", "t3a.xlarge", "x2iedn.xlarge"])
def test_every_x86_type_is_taken(declare: Declare, recorded: Recorded, type_: str) -> None:
    assert declared(declare, recorded, instance_type=type_).inputs["instanceType"] == type_


def test_another_kind_is_another_machine(declare: Declare, recorded: Recorded) -> None:
    """Its image is never replaced, so Linux scripts must not come to a Windows image."""
    windows = declared(declare, recorded).name
    assert declared(declare, recorded, kind="linux-dcv").name != windows
