import json
from typing import Any

import pytest
from pulumi import Output

from components.encryption import Key, KeyArgs
from tests.support.networks import PLACE, network
from tests.support.pulumi_outputs import ACCOUNT, REGION
from tests.support.pulumi_recorder import Declare, Recorded

BUCKET = "arn:aws:s3:::archive-bucket"
# What replaces a subnet or a VPC, and with it all that stands in it.
# https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/subnet
REPLACING = {
    "aws:ec2/vpc:Vpc": ("cidrBlock", "instanceTenancy", "ipv4IpamPoolId"),
    "aws:ec2/subnet:Subnet": ("availabilityZone", "cidrBlock", "vpcId", "outpostArn"),
}


def subnets(recorded: Recorded) -> dict[str, tuple[str, str]]:
    return {
        one.name: (one.inputs["availabilityZone"], one.inputs["cidrBlock"])
        for one in recorded.of("aws:ec2/subnet:Subnet")
    }


def stateful(recorded: Recorded) -> dict[tuple[str, str], list[Any]]:
    return {
        (kind, one.name): [one.inputs.get(key) for key in keys]
        for kind, keys in REPLACING.items()
        for one in recorded.of(kind)
    }


def statements(recorded: Recorded) -> dict[str, dict[str, Any]]:
    endpoint = recorded.one("aws:ec2/vpcEndpoint:VpcEndpoint")
    policy = json.loads(endpoint.inputs["policy"])
    return {one["Sid"]: one for one in policy["Statement"]}


def test_each_zone_has_a_private_subnet_with_its_own_route_table(
    declare: Declare, recorded: Recorded
) -> None:
    made = declare(lambda: Output.all(*network().private_subnets))
    assert subnets(recorded) == {
        "network-private-a": ("eu-central-1a", "10.20.0.0/19"),
        "network-private-b": ("eu-central-1b", "10.20.32.0/19"),
    }
    assert made == ["network-private-a-1a2b3c4", "network-private-b-1a2b3c4"]
    pairs = {
        (one.inputs["subnetId"], one.inputs["routeTableId"])
        for one in recorded.of("aws:ec2/routeTableAssociation:RouteTableAssociation")
    }
    assert pairs == {
        (f"network-private-{x}-1a2b3c4", f"network-private-{x}-routes-1a2b3c4") for x in "ab"
    }


def test_without_a_reason_nothing_leads_out_and_nothing_is_public(
    declare: Declare, recorded: Recorded
) -> None:
    declare(lambda: network().vpc_id)
    for kind in ("internetGateway:InternetGateway", "route:Route", "eip:Eip"):
        assert not recorded.of(f"aws:ec2/{kind}")


@pytest.mark.parametrize("change", [{"public": True}, {"egress": "nat-gateway"}])
def test_public_subnets_lead_to_the_internet_and_give_nobody_an_address(
    declare: Declare, recorded: Recorded, change: dict[str, Any]
) -> None:
    public = declare(lambda: Output.all(*network(**change).public_subnets))
    assert public == ["network-public-a-1a2b3c4", "network-public-b-1a2b3c4"]
    assert subnets(recorded)["network-public-b"] == ("eu-central-1b", "10.20.228.0/22")
    assert not any(
        one.inputs["mapPublicIpOnLaunch"] for one in recorded.of("aws:ec2/subnet:Subnet")
    )
    route = recorded.one("aws:ec2/route:Route")
    assert route.inputs["gatewayId"] == "network-internet-1a2b3c4"
    assert route.inputs["routeTableId"] == "network-public-routes-1a2b3c4"


def test_endpoints_need_no_public_subnet(declare: Declare) -> None:
    assert declare(lambda: Output.all(*network(egress="endpoints").public_subnets)) in ([], None)


@pytest.mark.parametrize(
    "change",
    [
        {"public": True},
        {"egress": "nat-instance"},
        {"egress": "endpoints"},
        {"zones": ("eu-central-1c", "eu-central-1b", "eu-central-1a")},
        {"buckets": (BUCKET,)},
        {"log_days": 365},
    ],
)
def test_no_change_but_another_block_replaces_the_vpc_or_a_private_subnet(
    declare: Declare, recorded: Recorded, change: dict[str, Any]
) -> None:
    declare(lambda: network().vpc_id)
    before = stateful(recorded)
    declare(lambda: network(**change).vpc_id)
    after = stateful(recorded)
    assert {key: after.get(key) for key in before} == before


def test_the_default_security_group_lets_nothing_in_or_out(
    declare: Declare, recorded: Recorded
) -> None:
    declare(lambda: network().vpc_id)
    closed = recorded.one("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup")
    assert closed.inputs == {"vpcId": "network-vpc-1a2b3c4"}


def test_names_inside_are_resolved(declare: Declare, recorded: Recorded) -> None:
    declare(lambda: network().vpc_id)
    vpc = recorded.one("aws:ec2/vpc:Vpc").inputs
    assert vpc["enableDnsSupport"]
    assert vpc["enableDnsHostnames"]


def test_the_way_to_s3_leads_from_all_private_subnets_to_our_buckets(
    declare: Declare, recorded: Recorded
) -> None:
    declare(lambda: network(buckets=(Output.from_input(BUCKET),)).s3_prefix_list)
    endpoint = recorded.one("aws:ec2/vpcEndpoint:VpcEndpoint").inputs
    assert endpoint["vpcEndpointType"] == "Gateway"
    assert endpoint["serviceName"] == "com.amazonaws.eu-central-1.s3"
    assert endpoint["routeTableIds"] == [
        "network-private-a-routes-1a2b3c4",
        "network-private-b-routes-1a2b3c4",
    ]
    found = statements(recorded)
    assert found.keys() == {"OurBuckets", "OurObjects"}
    assert found["OurBuckets"]["Resource"] == [BUCKET]
    assert found["OurObjects"]["Resource"] == [f"{BUCKET}/*"]
    for one in found.values():
        assert one["Condition"] == {"StringEquals": {"aws:PrincipalAccount": ACCOUNT}}
        assert not any("*" in action for action in one["Action"])
    changing = {"s3:PutBucketPolicy", "s3:DeleteBucket", "s3:PutBucketVersioning"}
    assert changing.isdisjoint(found["OurBuckets"]["Action"])


def test_buckets_of_aws_are_read_only(declare: Declare, recorded: Recorded) -> None:
    declare(lambda: network(foreign_buckets=("al2023-repos",)).vpc_id)
    assert statements(recorded) == {
        "BucketsOfAws": {
            "Sid": "BucketsOfAws",
            "Effect": "Allow",
            "Principal": "*",
            "Action": ["s3:GetObject"],
            "Resource": ["arn:aws:s3:::al2023-repos/*"],
        }
    }


def test_without_buckets_the_way_to_s3_leads_nowhere(declare: Declare, recorded: Recorded) -> None:
    declare(lambda: network().vpc_id)
    assert statements(recorded)["Nothing"]["Effect"] == "Deny"


def test_all_connections_are_on_record_for_the_days_given(
    declare: Declare, recorded: Recorded
) -> None:
    declare(lambda: network(log_days=90).vpc_id)
    log = recorded.one("aws:ec2/flowLog:FlowLog").inputs
    assert log["trafficType"] == "ALL"
    assert log["vpcId"] == "network-vpc-1a2b3c4"
    group = recorded.one("aws:cloudwatch/logGroup:LogGroup")
    assert group.inputs == {"name": "/labsight/test/network-flows", "retentionInDays": 90}
    assert log["logDestination"] == group.state["arn"]
    assert log["iamRoleArn"] == recorded.one("aws:iam/role:Role").state["arn"]


def test_the_record_is_encrypted_with_the_key_given(declare: Declare, recorded: Recorded) -> None:
    def program() -> Output[str]:
        key = Key("own", KeyArgs(description="Logs", place=PLACE))
        return network(key=key).vpc_id

    declare(program)
    key = recorded.one("aws:kms/key:Key").state["arn"]
    assert recorded.one("aws:cloudwatch/logGroup:LogGroup").inputs["kmsKeyId"] == key


def test_the_record_is_written_by_flow_logs_of_this_account_to_its_group_alone(
    declare: Declare, recorded: Recorded
) -> None:
    declare(lambda: network().vpc_id)
    trust = json.loads(recorded.one("aws:iam/role:Role").inputs["assumeRolePolicy"])
    assert trust["Statement"] == [
        {
            "Effect": "Allow",
            "Principal": {"Service": "vpc-flow-logs.amazonaws.com"},
            "Action": "sts:AssumeRole",
            "Condition": {
                "StringEquals": {"aws:SourceAccount": ACCOUNT},
                "ArnLike": {"aws:SourceArn": f"arn:aws:ec2:{REGION}:{ACCOUNT}:vpc-flow-log/*"},
            },
        }
    ]
    policy = json.loads(recorded.one("aws:iam/rolePolicy:RolePolicy").inputs["policy"])
    group = recorded.one("aws:cloudwatch/logGroup:LogGroup").state["arn"]
    assert policy["Statement"][0] == {
        "Effect": "Allow",
        "Action": ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"],
        "Resource": [f"{group}:*"],
    }
    assert policy["Statement"][1]["Action"] == ["logs:DescribeLogGroups"]


def test_no_name_is_the_same_in_two_stacks(declare: Declare, recorded: Recorded) -> None:
    names = []
    for stack in ("lab", "demo"):
        declare(lambda: network(public=True).vpc_id, stack=stack)
        names.append(
            {one.inputs["tags"]["Name"] for one in recorded if "Name" in one.inputs.get("tags", {})}
        )
    assert "labsight-lab-network-private-a" in names[0]
    assert names[0].isdisjoint(names[1])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"cidr": "10.20.0.0/24"}, r"network\.cidr: 10\.20\.0\.0/24 has 256 addresses"),
        ({"zones": ("eu-central-1a",)}, "network.zones: give 2 or more .*, got eu-central-1a"),
        ({"zones": ()}, r"network\.zones: give 2 or more different zones of .*, got none"),
        ({"zones": ("eu-central-1a",) * 2}, "network.zones: give 2 or more different"),
        ({"zones": ("eu-west-1a", "eu-west-1b")}, "'eu-west-1a' is no availability zone of eu-ce"),
        ({"egress": "nat"}, "network.egress: 'nat' is none of none, nat-instance, nat-gateway, en"),
        ({"egress_ports": (0,)}, "egress_ports: 1 to 65535, got 0"),
        ({"egress_ports": ()}, "egress_ports: name a TCP port, such as 443"),
        ({"foreign_buckets": ("arn:aws:s3:::x",)}, "foreign_buckets: 'arn:aws:s3:::x' is no name"),
    ],
)
def test_bad_settings_are_refused_with_what_is_allowed(
    change: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        network(**change)


def test_a_first_preview_needs_no_computed_value(declare: Declare) -> None:
    declare(lambda: network(public=True, buckets=(Output.from_input(BUCKET),)).vpc_id, known=False)
