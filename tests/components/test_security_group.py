from typing import Any

import pytest
from pulumi import Output

from components.security_group import SecurityGroup, SecurityGroupArgs
from tests.support.networks import group, network
from tests.support.pulumi_recorder import Declare, Recorded

INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"


def rule(recorded: Recorded, kind: str) -> dict[str, Any]:
    return dict(recorded.one(kind).inputs)


def test_a_new_group_lets_nothing_in_or_out(declare: Declare, recorded: Recorded) -> None:
    declare(lambda: group("database", network()).id)
    made = recorded.one("aws:ec2/securityGroup:SecurityGroup")
    assert made.inputs == {"description": "What database is", "vpcId": "network-vpc-1a2b3c4"}
    assert not recorded.of(INGRESS)
    assert not recorded.of(EGRESS)


def test_accepting_a_group_opens_one_port_at_both_ends(
    declare: Declare, recorded: Recorded
) -> None:
    def program() -> Output[str]:
        inside = network()
        database, importer = group("database", inside), group("importer", inside)
        database.accept(importer, 5432, "New slides")
        return database.id

    declare(program)
    port = {"ipProtocol": "tcp", "fromPort": 5432, "toPort": 5432, "description": "New slides"}
    assert rule(recorded, INGRESS) == port | {
        "securityGroupId": "database-group-1a2b3c4",
        "referencedSecurityGroupId": "importer-group-1a2b3c4",
    }
    assert rule(recorded, EGRESS) == port | {
        "securityGroupId": "importer-group-1a2b3c4",
        "referencedSecurityGroupId": "database-group-1a2b3c4",
    }
    assert recorded.one(INGRESS).parent == "database"
    assert recorded.one(EGRESS).parent == "importer"


def test_two_protocols_of_one_port_are_two_rules(declare: Declare, recorded: Recorded) -> None:
    def program() -> None:
        inside = network()
        gateway, desktop = group("gateway", inside), group("desktop", inside)
        gateway.accept(desktop, 445, "Shares")
        gateway.accept(desktop, 445, "Shares", protocol="udp")

    declare(program)
    assert [one.inputs["ipProtocol"] for one in recorded.of(INGRESS)] == ["tcp", "udp"]


def test_features_that_share_a_group_may_ask_for_the_same_rule(
    declare: Declare, recorded: Recorded
) -> None:
    def program() -> None:
        inside = network(egress="nat-gateway")
        database, functions = group("database", inside), group("functions", inside)
        for why in ("New slides", "Searches"):
            database.accept(functions, 5432, why)
            functions.reach_s3(why)
            functions.reach_anywhere(443, why)

    declare(program)
    assert [one.inputs["description"] for one in recorded.of(INGRESS)] == ["New slides"]
    assert len(recorded.of(EGRESS)) == 3


def test_s3_is_reached_by_its_address_list_alone(declare: Declare, recorded: Recorded) -> None:
    declare(lambda: group("importer", network()).reach_s3("Slides"))
    assert rule(recorded, EGRESS) == {
        "securityGroupId": "importer-group-1a2b3c4",
        "prefixListId": "pl-6ea54007",
        "ipProtocol": "tcp",
        "fromPort": 443,
        "toPort": 443,
        "description": "Slides",
    }


@pytest.mark.parametrize("egress", ["nat-instance", "nat-gateway"])
def test_the_internet_is_reached_where_the_network_leads_out(
    declare: Declare, recorded: Recorded, egress: str
) -> None:
    declare(lambda: group("desktop", network(egress=egress)).reach_anywhere(443, "Updates"))
    assert rule(recorded, EGRESS) == {
        "securityGroupId": "desktop-group-1a2b3c4",
        "cidrIpv4": "0.0.0.0/0",
        "ipProtocol": "tcp",
        "fromPort": 443,
        "toPort": 443,
        "description": "Updates",
    }


@pytest.mark.parametrize("egress", ["none", "endpoints"])
def test_without_a_way_out_the_setting_and_the_need_are_named(
    declare: Declare, egress: str
) -> None:
    with pytest.raises(
        ValueError,
        match=rf"network\.egress: {egress}, but desktop has to reach port 443 outside \(Updates\); "
        "set network.egress to nat-instance or nat-gateway",
    ):
        declare(lambda: group("desktop", network(egress=egress)).reach_anywhere(443, "Updates"))


def test_a_port_that_the_network_does_not_let_out_is_refused(declare: Declare) -> None:
    with pytest.raises(ValueError, match=r"desktop: port 80 outside \(Mirrors\), but .* 443 alone"):
        declare(
            lambda: group("desktop", network(egress="nat-gateway")).reach_anywhere(80, "Mirrors")
        )


@pytest.mark.parametrize("description", ["", "the lab's database", "für", "x" * 256])
def test_descriptions_that_ec2_does_not_take_are_refused(
    declare: Declare, description: str
) -> None:
    with pytest.raises(ValueError, match="EC2 takes 1 to 255 of"):
        declare(lambda: SecurityGroupArgs(network=network(), description=description))
    with pytest.raises(ValueError, match="EC2 takes 1 to 255 of"):
        declare(lambda: group("one", network()).reach_s3(description))


@pytest.mark.parametrize("port", [0, 65_536, -1])
def test_ports_that_do_not_exist_are_refused(declare: Declare, port: int) -> None:
    def program() -> None:
        one: SecurityGroup = group("one", network())
        one.accept(one, port, "Itself")

    with pytest.raises(ValueError, match=f"port: 1 to 65535, got {port}"):
        declare(program)
