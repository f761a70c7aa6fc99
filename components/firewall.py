"""A firewall in front of CloudFront: known attacks, known bad addresses, and too many requests."""

from dataclasses import dataclass

import pulumi
from pulumi import ComponentResource, Output, ResourceOptions
from pulumi_aws import cloudwatch, wafv2

from components.certificate import GLOBAL_REGION
from components.naming import checked

# https://docs.aws.amazon.com/waf/latest/APIReference/API_RateBasedStatement.html
RATE = range(10, 2_000_000_001)


@dataclass(frozen=True, kw_only=True)
class FirewallArgs:
    """Days to keep the log, and requests in five minutes from one address until it is refused.

    Opening a slide takes a hundred requests, and a whole lab comes from one address.
    """

    log_days: int
    rate: int = 30_000

    def __post_init__(self) -> None:
        if self.rate not in RATE:
            raise ValueError(
                f"rate: WAF takes {RATE.start} to {RATE.stop - 1} requests in 5 minutes, "
                f"got {self.rate}"
            )


@dataclass(frozen=True)
class _Managed:
    """A group of rules that AWS keeps up to date; ``counted`` are only noted, not enforced."""

    name: str
    counted: tuple[str, ...] = ()


# https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-list.html
MANAGED = (
    _Managed("AWSManagedRulesAmazonIpReputationList"),
    # Bodies over 8 kB are what saving annotations will look like.
    _Managed("AWSManagedRulesCommonRuleSet", counted=("SizeRestrictions_BODY",)),
    _Managed("AWSManagedRulesKnownBadInputsRuleSet"),
)


class Firewall(ComponentResource):
    """Web ACL for CloudFront, whose log holds neither tokens nor cookies."""

    arn: Output[str]

    def __init__(self, name: str, args: FirewallArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("labsight:edge:Firewall", name, None, opts)
        child = ResourceOptions(parent=self)
        acl = wafv2.WebAcl(
            f"{name}-acl",
            description="labsight: requests to the viewer",
            scope="CLOUDFRONT",
            region=GLOBAL_REGION,
            default_action={"allow": {}},
            rules=[_too_many(args.rate), *map(_managed, range(1, len(MANAGED) + 1), MANAGED)],
            visibility_config=_visible(name),
            opts=child,
        )
        self.arn = acl.arn
        logs = cloudwatch.LogGroup(
            f"{name}-logs",
            # WAF takes only groups whose name begins like this.
            # https://docs.aws.amazon.com/waf/latest/developerguide/logging-cw-logs.html
            name=checked(
                "aws:cloudwatch/logGroup:LogGroup",
                f"aws-waf-logs-{pulumi.get_project()}-{pulumi.get_stack()}-{name}",
            ),
            retention_in_days=args.log_days,
            region=GLOBAL_REGION,
            opts=child,
        )
        wafv2.WebAclLoggingConfiguration(
            f"{name}-logging",
            resource_arn=acl.arn,
            log_destination_configs=[logs.arn],
            redacted_fields=[
                {"single_header": {"name": "authorization"}},
                {"single_header": {"name": "cookie"}},
                {"query_string": {}},
            ],
            region=GLOBAL_REGION,
            opts=child,
        )
        self.register_outputs({"arn": self.arn})


def _too_many(rate: int) -> wafv2.WebAclRuleArgsDict:
    return {
        "name": "too-many-requests",
        "priority": 0,
        "action": {"block": {}},
        "statement": {"rate_based_statement": {"limit": rate, "aggregate_key_type": "IP"}},
        "visibility_config": _visible("too-many-requests"),
    }


def _managed(priority: int, group: _Managed) -> wafv2.WebAclRuleArgsDict:
    return {
        "name": group.name,
        "priority": priority,
        "override_action": {"none": {}},
        "statement": {
            "managed_rule_group_statement": {
                "vendor_name": "AWS",
                "name": group.name,
                "rule_action_overrides": [
                    {"name": rule, "action_to_use": {"count": {}}} for rule in group.counted
                ],
            }
        },
        "visibility_config": _visible(group.name),
    }


def _visible(metric: str) -> wafv2.WebAclVisibilityConfigArgsDict:
    """Count each rule's matches; samples would keep requests and all that they carry."""
    return {
        "cloudwatch_metrics_enabled": True,
        "metric_name": metric,
        "sampled_requests_enabled": False,
    }
