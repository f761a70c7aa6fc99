"""Physical names, for the few things that people outside the program look up by name.

Everything else takes the name that Pulumi makes from its logical name and seven random digits, so
that a replacement can stand beside what it replaces.
"""

import re
from dataclasses import dataclass

import pulumi

AUTO_NAME_EXTRA = len("-1a2b3c4")


@dataclass(frozen=True)
class NameRule:
    """What AWS takes as the name of one kind of thing."""

    longest: int
    allowed: re.Pattern[str]


_WORD = re.compile(r"[A-Za-z0-9_-]+")

# By Pulumi type; from the API references of CreateBucket (bucket naming rules), CreateRole,
# CreatePolicy, CreateFunction, PublishLayerVersion, CreateQueue, PutRule and CreateLogGroup.
NAME_RULES = {
    "aws:s3/bucket:Bucket": NameRule(63, re.compile(r"[a-z0-9][a-z0-9-]*[a-z0-9]")),
    "aws:iam/role:Role": NameRule(64, re.compile(r"[\w+=,.@-]+", re.ASCII)),
    "aws:iam/policy:Policy": NameRule(128, re.compile(r"[\w+=,.@-]+", re.ASCII)),
    "aws:iam/instanceProfile:InstanceProfile": NameRule(128, re.compile(r"[\w+=,.@-]+", re.ASCII)),
    "aws:lambda/function:Function": NameRule(64, _WORD),
    "aws:scheduler/schedule:Schedule": NameRule(64, re.compile(r"[\w.-]+", re.ASCII)),
    "aws:lambda/layerVersion:LayerVersion": NameRule(140, _WORD),
    "aws:sqs/queue:Queue": NameRule(80, _WORD),
    "aws:cloudwatch/eventRule:EventRule": NameRule(64, re.compile(r"[\w.-]+", re.ASCII)),
    "aws:rds/subnetGroup:SubnetGroup": NameRule(255, re.compile(r"[a-z][a-z0-9-]*")),
    "aws:rds/parameterGroup:ParameterGroup": NameRule(255, re.compile(r"[a-z][a-z0-9-]*")),
    "aws:rds/clusterParameterGroup:ClusterParameterGroup": NameRule(
        255, re.compile(r"[a-z][a-z0-9-]*")
    ),
    "aws:cloudwatch/dashboard:Dashboard": NameRule(255, _WORD),
    "aws:cognito/userPoolDomain:UserPoolDomain": NameRule(
        63, re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")
    ),
    # CreateLoadBalancer, CreateTargetGroup, CreateRepository, CreateCluster, CreateService,
    # RegisterTaskDefinition; of VPC origins CloudFront says no more than that they have a name.
    "aws:lb/loadBalancer:LoadBalancer": NameRule(32, re.compile(r"[A-Za-z0-9-]+")),
    "aws:lb/targetGroup:TargetGroup": NameRule(32, re.compile(r"[A-Za-z0-9-]+")),
    "aws:ecr/repository:Repository": NameRule(256, re.compile(r"[a-z0-9]+(?:[._/-][a-z0-9]+)*")),
    "aws:ecs/cluster:Cluster": NameRule(255, _WORD),
    "aws:ecs/service:Service": NameRule(255, _WORD),
    "aws:ecs/taskDefinition:TaskDefinition": NameRule(255, _WORD),
    "aws:cloudfront/vpcOrigin:VpcOrigin": NameRule(64, _WORD),
    # CreateTrustAnchor, CreateProfile of IAM Roles Anywhere.
    "aws:rolesanywhere/trustAnchor:TrustAnchor": NameRule(255, re.compile(r"[ A-Za-z0-9_-]+")),
    "aws:rolesanywhere/profile:Profile": NameRule(255, re.compile(r"[ A-Za-z0-9_-]+")),
    "aws:cloudwatch/logGroup:LogGroup": NameRule(512, re.compile(r"[\w./#-]+", re.ASCII)),
}


def log_group_name(name: str, *, vended: bool = False) -> str:
    """Name a log group ``/labsight/<stack>/<name>``, for `aws logs tail`.

    ``vended`` is for logs that an AWS service delivers: only under ``/aws/vendedlogs`` do they take
    no room in the account's log resource policy (5,120 characters).
    """
    owner = f"{pulumi.get_project()}/{pulumi.get_stack()}/{name}"
    return checked(
        "aws:cloudwatch/logGroup:LogGroup", f"/aws/vendedlogs/{owner}" if vended else f"/{owner}"
    )


def checked(kind: str, name: str) -> str:
    """Return ``name`` if AWS takes it for a thing of type ``kind``, else raise ValueError."""
    rule = NAME_RULES.get(kind)
    if rule is None:
        raise ValueError(f"{kind}: give its limits in NAME_RULES before naming one")
    if len(name) > rule.longest or not rule.allowed.fullmatch(name):
        raise ValueError(
            f"{kind} {name!r}: at most {rule.longest} characters of {rule.allowed.pattern}; "
            "the stack's name is part of it"
        )
    return name
