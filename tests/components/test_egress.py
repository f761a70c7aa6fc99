import base64
import shutil
import subprocess
from typing import Any

import pytest

from components.egress import Egress, EgressArgs
from components.endpoint import Endpoints
from components.nat_instance import nat_script
from tests.support.networks import group, network
from tests.support.pulumi_recorder import Declare, Recorded

ROUTE = "aws:ec2/route:Route"
INSTANCE = "aws:ec2/instance:Instance"
GATEWAY = "aws:ec2/natGateway:NatGateway"
EIP = "aws:ec2/eip:Eip"


def egress(
    way: str, *, services: tuple[str, ...] = (), each_zone: bool = False, **changes: Any
) -> Egress:
    inside = network(egress=way, **changes)
    return Egress(
        "egress",
        EgressArgs(
            network=inside, endpoints=Endpoints(inside), services=services, each_zone=each_zone
        ),
    )


def ways_out(recorded: Recorded) -> dict[str, tuple[str, Any]]:
    """By private route table: the kind of target, and the target."""
    found = {}
    for one in recorded.of(ROUTE):
        if one.name.startswith("egress-"):
            (kind,) = one.inputs.keys() - {"routeTableId", "destinationCidrBlock"}
            found[one.inputs["routeTableId"]] = (kind, one.inputs[kind])
    return found


def declared(recorded: Recorded) -> set[str]:
    return {one.type for one in recorded}


def test_no_way_out_costs_nothing(declare: Declare, recorded: Recorded) -> None:
    declare(lambda: egress("none").urn)
    assert not {ROUTE, INSTANCE, GATEWAY, EIP} & declared(recorded)
    assert len(recorded.of("aws:ec2/vpcEndpoint:VpcEndpoint")) == 1


def test_one_gateway_serves_all_zones(declare: Declare, recorded: Recorded) -> None:
    declare(lambda: egress("nat-gateway").urn)
    gateway = recorded.one(GATEWAY)
    assert gateway.inputs["subnetId"] == "network-public-a-1a2b3c4"
    assert gateway.inputs["allocationId"] == "egress-a-address-1a2b3c4"
    assert ways_out(recorded) == {
        f"network-private-{letter}-routes-1a2b3c4": ("natGatewayId", gateway.state["id"])
        for letter in "ab"
    }


def test_each_zone_has_its_own_gateway_if_that_is_wanted(
    declare: Declare, recorded: Recorded
) -> None:
    declare(lambda: egress("nat-gateway", each_zone=True).urn)
    assert ways_out(recorded) == {
        f"network-private-{letter}-routes-1a2b3c4": (
            "natGatewayId",
            f"egress-{letter}-gateway-1a2b3c4",
        )
        for letter in "ab"
    }
    assert [one.inputs["subnetId"] for one in recorded.of(GATEWAY)] == [
        "network-public-a-1a2b3c4",
        "network-public-b-1a2b3c4",
    ]


def test_what_faces_the_internet_waits_for_the_way_there_and_goes_before_it(
    declare: Declare, recorded: Recorded
) -> None:
    declare(lambda: egress("nat-gateway").urn)
    assert {"network-public-a", "network-public-out"} <= recorded.one(GATEWAY).depends_on


def test_one_machine_serves_all_zones(declare: Declare, recorded: Recorded) -> None:
    declare(lambda: egress("nat-instance").urn)
    machine = recorded.one(INSTANCE)
    assert machine.inputs["subnetId"] == "network-public-a-1a2b3c4"
    assert recorded.one(EIP).inputs["instance"] == machine.state["id"]
    assert ways_out(recorded) == {
        f"network-private-{letter}-routes-1a2b3c4": (
            "networkInterfaceId",
            machine.state["primaryNetworkInterfaceId"],
        )
        for letter in "ab"
    }


def test_the_machine_forwards_is_encrypted_and_gives_no_credentials_away(
    declare: Declare, recorded: Recorded
) -> None:
    declare(lambda: egress("nat-instance").urn)
    machine = recorded.one(INSTANCE).inputs
    assert machine["ami"] == "ami-0123456789abcdef0"
    assert machine["instanceType"] == "t4g.nano"
    assert machine["sourceDestCheck"] is False
    assert machine["rootBlockDevice"]["encrypted"] is True
    assert machine["metadataOptions"] == {
        "httpEndpoint": "enabled",
        "httpTokens": "required",
        "httpPutResponseHopLimit": 1,
    }
    assert "iamInstanceProfile" not in machine
    assert "keyName" not in machine


def test_the_machine_is_reached_from_the_vpc_on_the_ports_that_may_leave(
    declare: Declare, recorded: Recorded
) -> None:
    declare(lambda: egress("nat-instance", egress_ports=(80,)).urn)
    inward = recorded.of("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
    assert [(one.inputs["cidrIpv4"], one.inputs["fromPort"]) for one in inward] == [
        ("10.20.0.0/16", 80)
    ]
    outward = recorded.of("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule")
    # its own packages come over HTTPS
    assert {one.inputs["fromPort"] for one in outward} == {80, 443}
    machine = recorded.one(INSTANCE)
    assert {one.name for one in (*inward, *outward)} <= machine.depends_on


def test_a_machine_that_hangs_is_restarted(declare: Declare, recorded: Recorded) -> None:
    declare(lambda: egress("nat-instance").urn)
    alarm = recorded.one("aws:cloudwatch/metricAlarm:MetricAlarm").inputs
    assert alarm["metricName"] == "StatusCheckFailed_Instance"
    assert alarm["alarmActions"] == ["arn:aws:automate:eu-central-1:ec2:reboot"]


def test_from_one_way_to_the_other_the_routes_are_changed_and_not_made_twice(
    declare: Declare, recorded: Recorded
) -> None:
    declare(lambda: egress("nat-instance").urn)
    before = {(one.parent, one.name) for one in recorded.of(ROUTE)}
    declare(lambda: egress("nat-gateway").urn)
    assert {(one.parent, one.name) for one in recorded.of(ROUTE)} == before


def test_no_way_out_competes_with_the_one_to_s3(declare: Declare, recorded: Recorded) -> None:
    declare(lambda: egress("nat-gateway").urn)
    s3 = recorded.one("aws:ec2/vpcEndpoint:VpcEndpoint").inputs
    assert set(s3["routeTableIds"]) == ways_out(recorded).keys()


def test_endpoints_stand_for_the_services_named_and_let_named_groups_in(
    declare: Declare, recorded: Recorded
) -> None:
    def program() -> None:
        inside = network(egress="endpoints")
        out = Egress(
            "egress",
            EgressArgs(
                network=inside, endpoints=Endpoints(inside), services=("secretsmanager", "sns")
            ),
        )
        out.allow(group("importer", inside))

    declare(program)
    names = {one.inputs["serviceName"] for one in recorded.of("aws:ec2/vpcEndpoint:VpcEndpoint")}
    assert names == {f"com.amazonaws.eu-central-1.{x}" for x in ("s3", "secretsmanager", "sns")}
    inward = recorded.of("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
    assert {one.inputs["referencedSecurityGroupId"] for one in inward} == {"importer-group-1a2b3c4"}
    assert len(inward) == 2
    assert not {ROUTE, GATEWAY, INSTANCE} & declared(recorded)


def test_endpoints_for_nobody_are_refused(declare: Declare) -> None:
    with pytest.raises(ValueError, match=r"network\.egress: endpoints, but no feature .* to none"):
        declare(lambda: egress("endpoints").urn)


def test_a_first_preview_needs_no_computed_value(declare: Declare) -> None:
    declare(lambda: egress("nat-instance").urn, known=False)


def test_the_machines_script_is_what_a_shell_reads() -> None:
    script = nat_script("10.20.0.0/16", (80, 443))
    shell = shutil.which("bash")
    assert shell
    subprocess.run([shell, "-n"], input=script, text=True, check=True)
    assert script.startswith("#!/bin/bash\n")
    assert "ip saddr 10.20.0.0/16 ip daddr != 10.20.0.0/16 masquerade" in script
    assert "tcp dport { 80, 443 } accept" in script
    assert len(base64.b64encode(script.encode())) < 16_384  # EC2 takes no longer user data
