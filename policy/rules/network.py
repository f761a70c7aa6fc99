"""The network: nothing listens to the world, and what flows is on record."""

from policy.rule import Companion, Properties, Rule, is_not_true, is_set

VPC = "aws:ec2/vpc:Vpc"
DEFAULT_GROUP = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
FLOW_LOG = "aws:ec2/flowLog:FlowLog"
SUBNET = "aws:ec2/subnet:Subnet"
GROUP = "aws:ec2/securityGroup:SecurityGroup"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"

_EVERYWHERE = {"0.0.0.0/0", "::/0"}


def _is_not_everywhere(properties: Properties) -> bool:
    return not {properties.get("cidrIpv4"), properties.get("cidrIpv6")} & _EVERYWHERE


def _is_described(properties: Properties) -> bool:
    text = properties.get("description") or ""
    return bool(text) and text != "Managed by Pulumi"


def _has_no_rules(properties: Properties) -> bool:
    return not properties.get("ingress") and not properties.get("egress")


RULES = (
    Rule("EC2.2/CKV2_AWS_12", DEFAULT_GROUP, "lets nothing through", _has_no_rules),
    Rule(
        "EC2.15/CKV_AWS_130",
        SUBNET,
        "gives no public address",
        is_not_true("mapPublicIpOnLaunch"),
    ),
    Rule("CKV_AWS_23", GROUP, "says what it is for", _is_described),
    Rule("CKV_AWS_277", GROUP, "has its rules beside it", _has_no_rules),
    Rule("EC2.18/CKV_AWS_260", INGRESS, "lets nobody in from everywhere", _is_not_everywhere),
    Rule("CKV_AWS_23", INGRESS, "says what it is for", _is_described),
    Rule("CKV_AWS_382", EGRESS, "does not lead everywhere", _is_not_everywhere),
    Rule("CKV_AWS_23", EGRESS, "says what it is for", _is_described),
    Rule("ENDPOINT-POLICY", ENDPOINT, "says what goes through it", is_set("policy")),
)

COMPANIONS = (
    Companion("EC2.6/CKV2_AWS_11", VPC, FLOW_LOG, "id", "vpcId"),
    Companion("EC2.2/CKV2_AWS_12", VPC, DEFAULT_GROUP, "id", "vpcId"),
)
