import pytest

from components.connect_endpoint import ConnectEndpoint, ConnectEndpointArgs
from tests.support.networks import group, network
from tests.support.pulumi_recorder import Declare, Recorded

ENDPOINT = "aws:ec2transitgateway/instanceConnectEndpoint:InstanceConnectEndpoint"


def endpoint(port: int = 3389) -> ConnectEndpoint:
    inside = network()
    return ConnectEndpoint(
        "tunnel",
        ConnectEndpointArgs(network=inside, target=group("machine", inside), port=port),
    )


def test_the_endpoint_stands_in_a_private_subnet_and_hides_the_caller(
    declare: Declare, recorded: Recorded
) -> None:
    declare(lambda: endpoint().arn)
    inputs = recorded.one(ENDPOINT).inputs
    assert "private-a" in inputs["subnetId"]
    assert inputs["preserveClientIp"] is False


def test_one_rule_lets_the_endpoint_in_and_one_lets_it_out(
    declare: Declare, recorded: Recorded
) -> None:
    declare(lambda: endpoint(22).arn)
    rules = [one for one in recorded if one.type.endswith("gressRule")]
    assert {(one.name, one.inputs["fromPort"], one.inputs["toPort"]) for one in rules} == {
        ("machine-from-tunnel-22", 22, 22),
        ("tunnel-to-machine-22", 22, 22),
    }


@pytest.mark.parametrize("port", [0, 443, 8443])
def test_ports_that_such_an_endpoint_does_not_serve_are_refused(
    declare: Declare, port: int
) -> None:
    with pytest.raises(ValueError, match=f"leads to 22 or 3389, got {port}"):
        declare(lambda: endpoint(port).arn)
