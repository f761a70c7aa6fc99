import pulumi
import pytest

from components.firewall import Firewall, FirewallArgs
from tests.support.pulumi_recorder import Declare, Recorded

ACL = "aws:wafv2/webAcl:WebAcl"
LOGGING = "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration"


def firewall() -> pulumi.Output[str]:
    return Firewall("viewer", FirewallArgs(log_days=90, rate=20_000)).arn


def test_it_stands_where_cloudfront_looks_for_it(declare: Declare, recorded: Recorded) -> None:
    declare(firewall)
    assert {one.inputs["region"] for one in recorded if "wafv2" in one.type} == {"us-east-1"}
    assert recorded.one(ACL).inputs["scope"] == "CLOUDFRONT"
    assert recorded.one(ACL).inputs["defaultAction"] == {"allow": {}}


def test_known_attacks_and_too_many_requests_are_refused(
    declare: Declare, recorded: Recorded
) -> None:
    declare(firewall)
    rules = recorded.one(ACL).inputs["rules"]
    assert [rule["priority"] for rule in rules] == [0, 1, 2, 3]
    assert rules[0]["statement"]["rateBasedStatement"]["limit"] == 20_000
    assert rules[0]["action"] == {"block": {}}
    managed = [rule["statement"]["managedRuleGroupStatement"]["name"] for rule in rules[1:]]
    assert "AWSManagedRulesCommonRuleSet" in managed
    assert "AWSManagedRulesKnownBadInputsRuleSet" in managed
    assert all(rule["overrideAction"] == {"none": {}} for rule in rules[1:])


def test_its_log_is_kept_for_days_and_holds_no_token_cookie_or_search(
    declare: Declare, recorded: Recorded
) -> None:
    declare(firewall)
    logs = recorded.one("aws:cloudwatch/logGroup:LogGroup")
    assert logs.inputs["name"] == "aws-waf-logs-labsight-test-viewer"
    assert logs.inputs["retentionInDays"] == 90
    logging = recorded.one(LOGGING).inputs
    assert logging["logDestinationConfigs"] == [logs.state["arn"]]
    hidden = [field.get("singleHeader", {}).get("name") for field in logging["redactedFields"]]
    assert hidden[:2] == ["authorization", "cookie"]
    assert {"queryString": {}} in logging["redactedFields"]
    config = recorded.one(ACL).inputs["visibilityConfig"]
    assert config["sampledRequestsEnabled"] is False


def test_a_rate_that_waf_does_not_take_is_refused() -> None:
    with pytest.raises(ValueError, match=r"rate: WAF takes 10 to 2000000000 requests .* got 5"):
        FirewallArgs(log_days=30, rate=5)
