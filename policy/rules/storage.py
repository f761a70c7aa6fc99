"""What each declared resource has to fulfil, named by its FSBP control and checkov check.

FSBP: https://docs.aws.amazon.com/securityhub/latest/userguide/fsbp-standard.html
checkov: https://www.checkov.io/5.Policy%20Index/terraform.html
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Properties = Mapping[str, Any]


@dataclass(frozen=True)
class Rule:
    """A demand on one type of resource; ``holds`` sees its properties as Pulumi names them."""

    id: str
    type: str
    demand: str
    holds: Callable[[Properties], bool]


@dataclass(frozen=True)
class Companion:
    """A demand that for each resource of ``type`` there is one of type ``needs`` that refers to it.

    The two belong together when the companion's ``link`` equals the resource's ``key``.
    """

    id: str
    type: str
    needs: str
    key: str
    link: str


SUPPORTED_RUNTIMES = {"python3.12", "python3.13", "python3.14", "nodejs22.x", "nodejs24.x"}

# Actions for which AWS defines no resource, so that "*" is the only way to allow them.
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsx-ray.html
WITHOUT_RESOURCE = {"xray:PutTraceSegments", "xray:PutTelemetryRecords"}

_SECRET_NAME = re.compile(r"PASSWORD|PASSWD|SECRET(?!_ARN)|TOKEN|ACCESS_KEY", re.IGNORECASE)
_URL_WITH_PASSWORD = re.compile(r"[a-z0-9+]+://[^/@\s:]*:[^/@\s]+@", re.IGNORECASE)


def _statements(properties: Properties) -> Iterator[dict[str, Any]]:
    yield from json.loads(properties["policy"])["Statement"]


def _texts(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def _refuses_plain_http(properties: Properties) -> bool:
    return any(
        statement["Effect"] == "Deny"
        and statement["Principal"] in ("*", {"AWS": "*"})
        and statement.get("Condition") == {"Bool": {"aws:SecureTransport": "false"}}
        and any(action in {"s3:*", "sqs:*"} for action in _texts(statement["Action"]))
        for statement in _statements(properties)
    )


def _lets_nobody_in_blindly(properties: Properties) -> bool:
    """Say whether each Allow is for a service that acts for one resource of ours."""
    return all(
        isinstance(statement["Principal"], dict)
        and statement["Principal"].keys() == {"Service"}
        and "aws:SourceArn" in statement.get("Condition", {}).get("ArnEquals", {})
        for statement in _statements(properties)
        if statement["Effect"] == "Allow"
    )


def _names_its_actions(properties: Properties) -> bool:
    return not any("*" in a for s in _statements(properties) for a in _texts(s["Action"]))


def _names_its_resources(properties: Properties) -> bool:
    return not any(
        "*" in _texts(statement["Resource"])
        and not WITHOUT_RESOURCE.issuperset(_texts(statement["Action"]))
        for statement in _statements(properties)
    )


def _is_private(properties: Properties) -> bool:
    blocks = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
    return all(properties.get(block) is True for block in blocks)


def _aborts_uploads(properties: Properties) -> bool:
    return any(
        rule["status"] == "Enabled"
        and not rule.get("filter", {}).get("prefix")
        and rule.get("abortIncompleteMultipartUpload", {}).get("daysAfterInitiation", 0) > 0
        for rule in properties["rules"]
    )


def _is_encrypted(properties: Properties) -> bool:
    kinds = [rule["applyServerSideEncryptionByDefault"] for rule in properties["rules"]]
    return bool(kinds) and all(kind["sseAlgorithm"] in {"AES256", "aws:kms"} for kind in kinds)


def _holds_no_secret(properties: Properties) -> bool:
    variables = properties.get("environment", {}).get("variables", {})
    return not any(
        _SECRET_NAME.search(name) or _URL_WITH_PASSWORD.match(value)
        for name, value in variables.items()
    )


BUCKET = "aws:s3/bucket:Bucket"
BUCKET_POLICY = "aws:s3/bucketPolicy:BucketPolicy"
ENCRYPTION = (
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
)
LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
LOGGING = "aws:s3/bucketLogging:BucketLogging"
OWNERSHIP = "aws:s3/bucketOwnershipControls:BucketOwnershipControls"
PUBLIC_ACCESS = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
VERSIONING = "aws:s3/bucketVersioning:BucketVersioning"
QUEUE = "aws:sqs/queue:Queue"
QUEUE_POLICY = "aws:sqs/queuePolicy:QueuePolicy"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
FUNCTION = "aws:lambda/function:Function"
PERMISSION = "aws:lambda/permission:Permission"
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
ROUTE = "aws:apigatewayv2/route:Route"
STAGE = "aws:apigatewayv2/stage:Stage"

RULES = (
    Rule("S3.8/CKV2_AWS_6", PUBLIC_ACCESS, "blocks public access in all four ways", _is_private),
    Rule("S3.5", BUCKET_POLICY, "refuses requests without TLS", _refuses_plain_http),
    Rule(
        "S3.2/CKV_AWS_70",
        BUCKET_POLICY,
        "lets in services for one resource only",
        _lets_nobody_in_blindly,
    ),
    Rule("S3.17/CKV_AWS_19", ENCRYPTION, "encrypts by default", _is_encrypted),
    Rule(
        "CKV_AWS_21",
        VERSIONING,
        "keeps old versions",
        lambda p: p["versioningConfiguration"]["status"] == "Enabled",
    ),
    Rule("S3.13/CKV_AWS_300", LIFECYCLE, "removes the parts of broken uploads", _aborts_uploads),
    Rule(
        "S3.12",
        OWNERSHIP,
        "switches ACLs off",
        lambda p: p["rule"]["objectOwnership"] == "BucketOwnerEnforced",
    ),
    Rule(
        "SQS.1/CKV_AWS_27",
        QUEUE,
        "is encrypted",
        lambda p: p.get("sqsManagedSseEnabled") is True or bool(p.get("kmsMasterKeyId")),
    ),
    Rule("SQS-TLS", QUEUE_POLICY, "refuses requests without TLS", _refuses_plain_http),
    Rule(
        "SQS.3/CKV_AWS_168",
        QUEUE_POLICY,
        "lets in services for one resource only",
        _lets_nobody_in_blindly,
    ),
    Rule("IAM.21/CKV_AWS_63", ROLE_POLICY, "names each action", _names_its_actions),
    Rule("CKV_AWS_355", ROLE_POLICY, "names its resources", _names_its_resources),
    Rule(
        "Lambda.1/CKV_AWS_364", PERMISSION, "names the caller", lambda p: bool(p.get("sourceArn"))
    ),
    Rule(
        "Lambda.2/CKV_AWS_363",
        FUNCTION,
        "runs on a supported runtime",
        lambda p: p.get("runtime") in SUPPORTED_RUNTIMES,
    ),
    Rule(
        "CKV_AWS_50",
        FUNCTION,
        "is traced",
        lambda p: p.get("tracingConfig", {}).get("mode") == "Active",
    ),
    Rule("CKV_AWS_45", FUNCTION, "holds no secret in its environment", _holds_no_secret),
    Rule(
        "CKV_AWS_66",
        LOG_GROUP,
        "forgets after some days",
        lambda p: p.get("retentionInDays", 0) > 0,
    ),
    Rule(
        "APIGateway.8/CKV_AWS_309",
        ROUTE,
        "checks who calls",
        lambda p: p.get("authorizationType", "NONE") != "NONE",
    ),
    Rule(
        "APIGateway.9/CKV_AWS_76",
        STAGE,
        "logs each request",
        lambda p: bool(p.get("accessLogSettings", {}).get("destinationArn")),
    ),
)

COMPANIONS = (
    *(
        Companion(rule, BUCKET, needs, "bucket", "bucket")
        for rule, needs in (
            ("S3.8/CKV2_AWS_6", PUBLIC_ACCESS),
            ("S3.5", BUCKET_POLICY),
            ("S3.17/CKV_AWS_19", ENCRYPTION),
            ("CKV_AWS_21", VERSIONING),
            ("S3.13/CKV_AWS_300", LIFECYCLE),
            ("S3.12", OWNERSHIP),
            ("S3.9/CKV_AWS_18", LOGGING),
        )
    ),
    Companion("SQS-TLS", QUEUE, QUEUE_POLICY, "url", "queueUrl"),
)
