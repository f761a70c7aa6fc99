import json
from typing import Any

import pytest
from pulumi import Output

from components.endpoint import Endpoints, InterfaceEndpoint, InterfaceEndpointArgs, own_account
from tests.support.networks import PLACE, group, network
from tests.support.pulumi_outputs import ACCOUNT
from tests.support.pulumi_recorder import Declare, Recorded

ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"


def endpoint(**changes: Any) -> InterfaceEndpoint:
    wanted = {"network": network(), "service": "secretsmanager", **changes}
    return InterfaceEndpoint("secrets", InterfaceEndpointArgs(**wanted))


def test_an_endpoint_answers_under_the_services_own_name_in_one_zone(
    declare: Declare, recorded: Recorded
) -> None:
    name = declare(lambda: endpoint().dns_name)
    made = recorded.one(ENDPOINT, "secrets-endpoint").inputs
    assert made["vpcEndpointType"] == "Interface"
    assert made["serviceName"] == "com.amazonaws.eu-central-1.secretsmanager"
    assert made["privateDnsEnabled"] is True
    assert made["subnetIds"] == ["network-private-a-1a2b3c4"]
    assert made["securityGroupIds"] == ["secrets-group-1a2b3c4"]
    assert name == "secrets-endpoint-1a2b3c4.vpce.eu-central-1.vpce.amazonaws.com"


def test_an_endpoint_in_all_zones_survives_one_of_them(
    declare: Declare, recorded: Recorded
) -> None:
    declare(lambda: endpoint(subnets="all").id)
    assert recorded.one(ENDPOINT, "secrets-endpoint").inputs["subnetIds"] == [
        "network-private-a-1a2b3c4",
        "network-private-b-1a2b3c4",
    ]


def test_nobody_calls_a_service_who_was_not_let_in(declare: Declare, recorded: Recorded) -> None:
    declare(lambda: endpoint().id)
    assert not recorded.of(INGRESS)


def test_a_group_is_let_in_on_the_ports_of_the_service(
    declare: Declare, recorded: Recorded
) -> None:
    def program() -> None:
        inside = network()
        storage = InterfaceEndpoint(
            "storage", InterfaceEndpointArgs(network=inside, service="storagegateway")
        )
        storage.allow(group("gateway", inside), (443, 1026))

    declare(program)
    assert [
        (one.inputs["referencedSecurityGroupId"], one.inputs["fromPort"], one.inputs["description"])
        for one in recorded.of(INGRESS)
    ] == [
        ("gateway-group-1a2b3c4", 1026, "Calls to storagegateway"),
        ("gateway-group-1a2b3c4", 443, "Calls to storagegateway"),
    ]


def test_a_policy_lets_identities_of_this_account_through_alone(
    declare: Declare, recorded: Recorded
) -> None:
    declare(lambda: endpoint(policy=own_account(PLACE)).id)
    (statement,) = json.loads(recorded.one(ENDPOINT, "secrets-endpoint").inputs["policy"])[
        "Statement"
    ]
    assert statement["Effect"] == "Allow"
    assert statement["Condition"] == {"StringEquals": {"aws:PrincipalAccount": ACCOUNT}}


def test_features_that_need_the_same_service_share_one_endpoint(
    declare: Declare, recorded: Recorded
) -> None:
    def program() -> Output[str]:
        endpoints = Endpoints(network())
        assert endpoints.of("ssm") is endpoints.of("ssm")
        return endpoints.of("ssm").id

    declare(program)
    assert "policy" in recorded.one(ENDPOINT, "ssm-endpoint").inputs


def test_a_file_gateway_calls_with_credentials_that_no_policy_here_knows(
    declare: Declare, recorded: Recorded
) -> None:
    declare(lambda: Endpoints(network()).of("storagegateway").id)
    assert "policy" not in recorded.one(ENDPOINT, "storagegateway-endpoint").inputs


def test_a_service_with_a_dot_in_its_name_has_none_in_ours(
    declare: Declare, recorded: Recorded
) -> None:
    declare(lambda: Endpoints(network()).of("ecr.api").id)
    made = recorded.one(ENDPOINT, "ecr-api-endpoint").inputs
    assert made["serviceName"] == "com.amazonaws.eu-central-1.ecr.api"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"service": "com.amazonaws.eu-central-1.ssm"}, "write the short name, such as secretsma"),
        ({"service": "Secrets Manager"}, "'Secrets Manager'; write the short name"),
        ({"service": "s3"}, "s3 has gateway endpoints, which cost nothing"),
        ({"subnets": 2}, "subnets: 1 or 'all', got 2"),
    ],
)
def test_bad_arguments_are_refused(declare: Declare, change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        declare(lambda: endpoint(**change).id)
