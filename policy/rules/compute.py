"""Functions and servers: supported, traced, without secrets, without a public address."""

import re
from collections.abc import Mapping

from policy.rule import Companion, Properties, Rule, equals, inside, is_not_true, is_set, is_true

FUNCTION = "aws:lambda/function:Function"
FUNCTION_URL = "aws:lambda/functionUrl:FunctionUrl"
PERMISSION = "aws:lambda/permission:Permission"
INSTANCE = "aws:ec2/instance:Instance"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
VOLUME = "aws:ebs/volume:Volume"
SHARE = "aws:storagegateway/smbFileShare:SmbFileShare"
GATEWAY = "aws:storagegateway/gateway:Gateway"

SUPPORTED_RUNTIMES = {"python3.12", "python3.13", "python3.14", "nodejs22.x", "nodejs24.x"}
_SECRET_NAME = re.compile(r"PASSWORD|PASSWD|SECRET(?!_ARN)|TOKEN|ACCESS_KEY", re.IGNORECASE)
_URL_WITH_PASSWORD = re.compile(r"[a-z0-9+]+://[^/@\s:]*:[^/@\s]+@", re.IGNORECASE)
_SECRET_ARN = re.compile(r"arn:aws:secretsmanager:\S+")
_LITERAL_SECRET = re.compile(
    r"(AKIA|ASIA)[A-Z0-9]{16}|-----BEGIN [A-Z ]*PRIVATE KEY|/user:\S+\s+(?![$%])\S+", re.IGNORECASE
)


def _holds_no_secret(properties: Properties) -> bool:
    return holds_no_secret((properties.get("environment") or {}).get("variables", {}))


def holds_no_secret(variables: Mapping[str, str]) -> bool:
    """Say whether an environment has no variable that looks like a secret."""
    return not any(
        (_SECRET_NAME.search(name) and not _SECRET_ARN.fullmatch(value))
        or _URL_WITH_PASSWORD.match(value)
        for name, value in variables.items()
    )


def _starts_without_secret(properties: Properties) -> bool:
    return not _LITERAL_SECRET.search(str(properties.get("userData") or ""))


def _asks_for_a_token(properties: Properties) -> bool:
    options = properties.get("metadataOptions") or {}
    return options.get("httpTokens") == "required"


def _is_called_for_one_source(properties: Properties) -> bool:
    source = properties.get("sourceArn")
    return bool(source) and source != "*" and properties.get("principal") != "*"


RULES = (
    Rule("Lambda.1/CKV_AWS_364", PERMISSION, "names the caller", _is_called_for_one_source),
    Rule(
        "Lambda.2/CKV_AWS_363",
        FUNCTION,
        "runs on a supported runtime",
        equals("runtime", *SUPPORTED_RUNTIMES),
    ),
    Rule(
        "CKV_AWS_50",
        FUNCTION,
        "is traced",
        inside("tracingConfig", equals("mode", "Active")),
    ),
    Rule("CKV_AWS_45", FUNCTION, "holds no secret in its environment", _holds_no_secret),
    Rule("CKV_AWS_116", FUNCTION, "keeps what it could not handle", is_set("deadLetterConfig")),
    Rule("CKV_AWS_258", FUNCTION_URL, "checks who calls", equals("authorizationType", "AWS_IAM")),
    Rule("EC2.8/CKV_AWS_79", INSTANCE, "asks for IMDSv2", _asks_for_a_token),
    Rule(
        "EC2.9/CKV_AWS_88",
        INSTANCE,
        "has no public address",
        is_not_true("associatePublicIpAddress"),
    ),
    Rule(
        "EC2.7/CKV_AWS_8",
        INSTANCE,
        "encrypts its disk",
        inside("rootBlockDevice", is_true("encrypted")),
    ),
    Rule("CKV_AWS_46", INSTANCE, "starts without a secret", _starts_without_secret),
    Rule("EC2.170/CKV_AWS_79", TEMPLATE, "asks for IMDSv2", _asks_for_a_token),
    Rule("EC2.7/CKV_AWS_3", VOLUME, "is encrypted", is_true("encrypted")),
    Rule(
        "SMB-ENCRYPTED",
        GATEWAY,
        "speaks encrypted SMB alone",
        equals("smbSecurityStrategy", "MandatoryEncryption"),
    ),
    Rule(
        "SMB-GUEST",
        SHARE,
        "knows people by name",
        equals("authentication", "ActiveDirectory"),
    ),
    Rule("SMB-AUDIT", SHARE, "records who opens what", is_set("auditDestinationArn")),
)

COMPANIONS: tuple[Companion, ...] = ()
