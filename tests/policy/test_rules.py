import json
from collections.abc import Mapping
from typing import Any

import pytest

from policy.guardrails import complaints
from policy.rules import (
    RULES,
    access,
    compute,
    database,
    http,
    messaging,
    network,
    operations,
    storage,
)
from tests.support import container_cases

TLS: dict[str, Any] = {
    "Effect": "Deny",
    "Principal": "*",
    "Action": ["s3:*"],
    "Resource": ["arn:images/*"],
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}
DELIVERY: dict[str, Any] = {
    "Effect": "Allow",
    "Principal": {"Service": "logging.s3.amazonaws.com"},
    "Action": ["s3:PutObject"],
    "Resource": ["arn:images/*"],
    "Condition": {"ArnEquals": {"aws:SourceArn": "arn:source"}},
}
READ: dict[str, Any] = {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["arn:images/*"]}
PRIVATE = {
    "blockPublicAcls": True,
    "blockPublicPolicy": True,
    "ignorePublicAcls": True,
    "restrictPublicBuckets": True,
}
AES = {"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}
ABORT = {
    "status": "Enabled",
    "filter": {"prefix": ""},
    "abortIncompleteMultipartUpload": {"daysAfterInitiation": 7.0},
}
FUNCTION: dict[str, Any] = {
    "runtime": "python3.13",
    "deadLetterConfig": {"targetArn": "arn:failures"},
    "tracingConfig": {"mode": "Active"},
    "environment": {"variables": {"URL": "postgresql+psycopg://labsight@db:5432/labsight"}},
}


def policy(*statements: Mapping[str, Any]) -> dict[str, Any]:
    return {"policy": json.dumps({"Version": "2012-10-17", "Statement": statements})}


def variables(**values: str) -> dict[str, Any]:
    return FUNCTION | {"environment": {"variables": values}}


FILES = policy(TLS | {"Action": ["*"], "Principal": {"AWS": "*"}})
TOPIC = policy(
    TLS | {"Action": ["sns:Publish"]},
    DELIVERY | {"Condition": {"StringEquals": {"aws:SourceAccount": "123456789012"}}},
)
TRUST: dict[str, Any] = {
    "Effect": "Allow",
    "Principal": {"Service": "lambda.amazonaws.com"},
    "Action": "sts:AssumeRole",
}
CERTIFICATE: dict[str, Any] = TRUST | {
    "Principal": {"Service": "rolesanywhere.amazonaws.com"},
    "Condition": {
        "ArnEquals": {"aws:SourceArn": "arn:anchor"},
        "StringEquals": {"aws:PrincipalTag/x509Subject/CN": "scanner-1"},
    },
}
KEY: dict[str, Any] = {
    "enableKeyRotation": True,
    **policy(
        {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::1:root"}, "Action": "kms:*"},
        {
            "Effect": "Allow",
            "Principal": {"Service": ["logs.eu-central-1.amazonaws.com"]},
            "Action": "kms:Encrypt",
            "Condition": {"StringEquals": {"aws:SourceAccount": "1"}},
        },
    ),
}
INSTANCE: dict[str, Any] = {
    "metadataOptions": {"httpTokens": "required"},
    "rootBlockDevice": {"encrypted": True},
    "userData": "net use S: $address /user:$name $password",
}
GATEWAY = {"smbSecurityStrategy": "MandatoryEncryption"}
SHARE = {"authentication": "ActiveDirectory", "auditDestinationArn": "arn:logs"}
BEHAVIOUR: dict[str, Any] = {
    "viewerProtocolPolicy": "redirect-to-https",
    "responseHeadersPolicyId": "headers",
}
TILES: dict[str, Any] = BEHAVIOUR | {"pathPattern": "/slides/*", "trustedKeyGroups": ["group"]}
EDGE: dict[str, Any] = {
    "defaultCacheBehavior": BEHAVIOUR,
    "orderedCacheBehaviors": [BEHAVIOUR | {"pathPattern": "/api/*"}, TILES],
    "viewerCertificate": {"cloudfrontDefaultCertificate": True},
    "defaultRootObject": "index.html",
}
POOL: dict[str, Any] = {
    "passwordPolicy": {"minimumLength": 12.0},
    "mfaConfiguration": "OPTIONAL",
    "adminCreateUserConfig": {"allowAdminCreateUserOnly": True},
}
CLIENT: dict[str, Any] = {"allowedOauthFlows": ["code"], "preventUserExistenceErrors": "ENABLED"}
RULE = {"description": "tiles to database", "referencedSecurityGroupId": "sg-1"}
DATABASE: dict[str, Any] = {
    "storageEncrypted": True,
    "iamDatabaseAuthenticationEnabled": True,
    "backupRetentionPeriod": 7.0,
    "copyTagsToSnapshot": True,
    "manageMasterUserPassword": True,
    "deletionProtection": True,
    "autoMinorVersionUpgrade": True,
    "enabledCloudwatchLogsExports": ["postgresql"],
}
FORCED = {"parameters": [{"name": "rds.force_ssl", "value": "1"}]}


SOUND = [
    (storage.PUBLIC_ACCESS, PRIVATE),
    (storage.BUCKET_POLICY, policy(TLS, DELIVERY)),
    (storage.BUCKET_POLICY, policy(TLS | {"Principal": {"AWS": "*"}})),
    (storage.ENCRYPTION, {"rules": [AES]}),
    (storage.VERSIONING, {"versioningConfiguration": {"status": "Enabled"}}),
    (storage.LIFECYCLE, {"rules": [ABORT]}),
    (storage.OWNERSHIP, {"rule": {"objectOwnership": "BucketOwnerEnforced"}}),
    (messaging.QUEUE, {"sqsManagedSseEnabled": True}),
    (messaging.QUEUE, {"kmsMasterKeyId": "alias/labsight"}),
    (messaging.QUEUE_POLICY, policy(TLS | {"Action": ["sqs:*"]})),
    (access.ROLE_POLICY, policy(READ)),
    (
        access.ROLE_POLICY,
        policy({"Effect": "Allow", "Action": ["xray:PutTraceSegments"], "Resource": "*"}),
    ),
    (compute.PERMISSION, {"sourceArn": "arn:api/*/*"}),
    (compute.FUNCTION, FUNCTION),
    (compute.FUNCTION, variables(DATABASE_SECRET_ARN="arn:secret")),
    (operations.LOG_GROUP, {"retentionInDays": 90.0}),
    (http.ROUTE, {"authorizationType": "JWT"}),
    (http.STAGE, {"accessLogSettings": {"destinationArn": "arn:logs", "format": "{}"}}),
    (storage.FILE_SYSTEM, {"encrypted": True}),
    (storage.FILE_POLICY, FILES),
    (storage.ACCESS_POINT, {"posixUser": {"uid": 1, "gid": 1}, "rootDirectory": {"path": "/a"}}),
    (messaging.TOPIC, {"kmsMasterKeyId": "arn:key"}),
    (messaging.TOPIC_POLICY, TOPIC),
    (access.MANAGED_POLICY, policy(READ)),
    (access.ROLE, {"assumeRolePolicy": policy(TRUST)["policy"]}),
    (access.ROLE, {"assumeRolePolicy": policy(TRUST, CERTIFICATE)["policy"]}),
    (access.ATTACHMENT, {"policyArn": "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"}),
    (access.KEY, KEY),
    (compute.FUNCTION_URL, {"authorizationType": "AWS_IAM"}),
    (compute.INSTANCE, INSTANCE),
    (compute.TEMPLATE, {"metadataOptions": {"httpTokens": "required"}}),
    (compute.VOLUME, {"encrypted": True}),
    (compute.GATEWAY, GATEWAY),
    (compute.SHARE, SHARE),
    (http.DISTRIBUTION, EDGE),
    (http.DISTRIBUTION, EDGE | {"viewerCertificate": {"minimumProtocolVersion": "TLSv1.2_2021"}}),
    (http.POOL, POOL),
    (http.CLIENT, CLIENT),
    (network.DEFAULT_GROUP, {"vpcId": "vpc-1"}),
    (network.SUBNET, {"mapPublicIpOnLaunch": False}),
    (network.GROUP, {"description": "the database"}),
    (network.INGRESS, RULE),
    (network.EGRESS, RULE),
    (network.ENDPOINT, {"policy": "{}"}),
    (database.INSTANCE, DATABASE),
    (database.CLUSTER, DATABASE),
    (database.CLUSTER_INSTANCE, {"publiclyAccessible": False}),
    (database.PARAMETERS, FORCED),
    (database.CLUSTER_PARAMETERS, FORCED),
    (operations.TRAIL, {"enableLogFileValidation": True}),
    *container_cases.SOUND,
]

BROKEN = [
    ("S3.8/CKV2_AWS_6", storage.PUBLIC_ACCESS, PRIVATE | {"ignorePublicAcls": False}),
    ("S3.5", storage.BUCKET_POLICY, policy(DELIVERY)),
    ("S3.5", storage.BUCKET_POLICY, policy(TLS | {"Principal": {"AWS": "arn:somebody"}})),
    ("S3.5", storage.BUCKET_POLICY, policy(TLS | {"Action": ["s3:GetObject"]})),
    ("S3.2/CKV_AWS_70", storage.BUCKET_POLICY, policy(TLS, DELIVERY | {"Principal": "*"})),
    ("S3.2/CKV_AWS_70", storage.BUCKET_POLICY, policy(TLS, DELIVERY | {"Principal": {"AWS": "*"}})),
    ("S3.2/CKV_AWS_70", storage.BUCKET_POLICY, policy(TLS, DELIVERY | {"Condition": {}})),
    ("S3.17/CKV_AWS_19", storage.ENCRYPTION, {"rules": []}),
    ("CKV_AWS_21", storage.VERSIONING, {"versioningConfiguration": {"status": "Suspended"}}),
    ("S3.13/CKV_AWS_300", storage.LIFECYCLE, {"rules": [ABORT | {"status": "Disabled"}]}),
    ("S3.13/CKV_AWS_300", storage.LIFECYCLE, {"rules": [ABORT | {"filter": {"prefix": "a/"}}]}),
    ("S3.12", storage.OWNERSHIP, {"rule": {"objectOwnership": "ObjectWriter"}}),
    ("SQS.1/CKV_AWS_27", messaging.QUEUE, {"sqsManagedSseEnabled": False}),
    ("SQS-TLS", messaging.QUEUE_POLICY, policy(DELIVERY)),
    ("SQS.3/CKV_AWS_168", messaging.QUEUE_POLICY, policy(TLS, DELIVERY | {"Principal": "*"})),
    ("IAM.21/CKV_AWS_63", access.ROLE_POLICY, policy(READ | {"Action": "s3:*"})),
    ("CKV_AWS_355", access.ROLE_POLICY, policy(READ | {"Resource": "*"})),
    (
        "CKV_AWS_355",
        access.ROLE_POLICY,
        policy(READ | {"Action": ["xray:PutTraceSegments", "s3:GetObject"], "Resource": ["*"]}),
    ),
    ("Lambda.1/CKV_AWS_364", compute.PERMISSION, {"principal": "apigateway.amazonaws.com"}),
    ("Lambda.2/CKV_AWS_363", compute.FUNCTION, FUNCTION | {"runtime": "python3.8"}),
    ("CKV_AWS_50", compute.FUNCTION, FUNCTION | {"tracingConfig": {"mode": "PassThrough"}}),
    ("CKV_AWS_45", compute.FUNCTION, variables(DB_PASSWORD="x")),
    ("CKV_AWS_45", compute.FUNCTION, variables(URL="postgresql+psycopg://u:pw@db:5432/labsight")),
    ("CKV_AWS_66", operations.LOG_GROUP, {"name": "/labsight/dev/tiles"}),
    ("APIGateway.8/CKV_AWS_309", http.ROUTE, {"authorizationType": "NONE"}),
    ("APIGateway.8/CKV_AWS_309", http.ROUTE, {"routeKey": "GET /"}),
    ("APIGateway.9/CKV_AWS_76", http.STAGE, {"name": "$default"}),
    ("CKV_AWS_116", compute.FUNCTION, FUNCTION | {"deadLetterConfig": None}),
    ("EFS.1/CKV_AWS_42", storage.FILE_SYSTEM, {}),
    ("EFS-TLS/CKV_AWS_97", storage.FILE_POLICY, policy(DELIVERY)),
    ("EFS.3/CKV_AWS_329", storage.ACCESS_POINT, {"posixUser": {"uid": 1, "gid": 1}}),
    (
        "EFS.4/CKV_AWS_330",
        storage.ACCESS_POINT,
        {"posixUser": {"uid": 0, "gid": 0}, "rootDirectory": {"path": "/a"}},
    ),
    ("SNS.1/CKV_AWS_26", messaging.TOPIC, {}),
    ("SNS-TLS", messaging.TOPIC_POLICY, policy(DELIVERY)),
    (
        "SNS.4/CKV_AWS_169",
        messaging.TOPIC_POLICY,
        policy(TLS | {"Action": "sns:Publish"}, DELIVERY | {"Principal": "*"}),
    ),
    ("IAM.21/CKV_AWS_63", access.MANAGED_POLICY, policy(READ | {"Action": "s3:*"})),
    ("CKV_AWS_355", access.MANAGED_POLICY, policy(READ | {"Resource": "arn:aws:s3:::*"})),
    (
        "CKV_AWS_60",
        access.ROLE,
        {"assumeRolePolicy": policy(TRUST | {"Principal": {"AWS": "*"}})["policy"]},
    ),
    *(
        (
            "CERTIFICATE-NAMED",
            access.ROLE,
            {"assumeRolePolicy": policy(TRUST, CERTIFICATE | {"Condition": condition})["policy"]},
        )
        for condition in (
            {},
            {"ArnEquals": CERTIFICATE["Condition"]["ArnEquals"]},
            {"StringEquals": CERTIFICATE["Condition"]["StringEquals"]},
        )
    ),
    (
        "IAM.1/CKV_AWS_274",
        access.ATTACHMENT,
        {"policyArn": "arn:aws:iam::aws:policy/AmazonS3FullAccess"},
    ),
    ("KMS.4/CKV_AWS_7", access.KEY, KEY | {"enableKeyRotation": False}),
    (
        "KMS.5/CKV_AWS_33",
        access.KEY,
        KEY | policy({"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "kms:*"}),
    ),
    ("CKV_AWS_258", compute.FUNCTION_URL, {"authorizationType": "NONE"}),
    ("EC2.8/CKV_AWS_79", compute.INSTANCE, INSTANCE | {"metadataOptions": None}),
    ("EC2.9/CKV_AWS_88", compute.INSTANCE, INSTANCE | {"associatePublicIpAddress": True}),
    ("EC2.7/CKV_AWS_8", compute.INSTANCE, INSTANCE | {"rootBlockDevice": {"encrypted": False}}),
    (
        "CKV_AWS_46",
        compute.INSTANCE,
        INSTANCE | {"userData": "net use D: gateway /user:smbguest password"},
    ),
    ("EC2.170/CKV_AWS_79", compute.TEMPLATE, {"metadataOptions": {"httpTokens": "optional"}}),
    ("EC2.7/CKV_AWS_3", compute.VOLUME, {"size": 150}),
    ("SMB-ENCRYPTED", compute.GATEWAY, {"smbSecurityStrategy": "ClientSpecified"}),
    ("SMB-GUEST", compute.SHARE, SHARE | {"authentication": "GuestAccess"}),
    ("SMB-AUDIT", compute.SHARE, {"authentication": "ActiveDirectory"}),
    (
        "CloudFront.3/CKV_AWS_34",
        http.DISTRIBUTION,
        EDGE | {"orderedCacheBehaviors": [TILES | {"viewerProtocolPolicy": "allow-all"}]},
    ),
    (
        "CloudFront.15/CKV_AWS_174",
        http.DISTRIBUTION,
        EDGE | {"viewerCertificate": {"minimumProtocolVersion": "TLSv1.1_2016"}},
    ),
    ("CloudFront.1/CKV_AWS_305", http.DISTRIBUTION, EDGE | {"defaultRootObject": ""}),
    (
        "CKV2_AWS_32",
        http.DISTRIBUTION,
        EDGE | {"orderedCacheBehaviors": [TILES | {"responseHeadersPolicyId": None}]},
    ),
    (
        "TILES-SIGNED",
        http.DISTRIBUTION,
        EDGE | {"orderedCacheBehaviors": [TILES | {"trustedKeyGroups": []}]},
    ),
    ("Cognito.3", http.POOL, POOL | {"passwordPolicy": {"minimumLength": 8.0}}),
    ("Cognito.2", http.POOL, POOL | {"mfaConfiguration": "OFF"}),
    ("COGNITO-INVITED", http.POOL, POOL | {"adminCreateUserConfig": {}}),
    ("COGNITO-CODE", http.CLIENT, CLIENT | {"allowedOauthFlows": ["code", "implicit"]}),
    ("COGNITO-SILENT", http.CLIENT, CLIENT | {"preventUserExistenceErrors": "LEGACY"}),
    ("EC2.2/CKV2_AWS_12", network.DEFAULT_GROUP, {"ingress": [{"protocol": "-1"}]}),
    ("EC2.15/CKV_AWS_130", network.SUBNET, {"mapPublicIpOnLaunch": True}),
    ("CKV_AWS_23", network.GROUP, {"description": "Managed by Pulumi"}),
    ("CKV_AWS_277", network.GROUP, {"description": "web", "ingress": [{"fromPort": 443}]}),
    ("EC2.18/CKV_AWS_260", network.INGRESS, RULE | {"cidrIpv4": "0.0.0.0/0"}),
    ("CKV_AWS_23", network.INGRESS, {"referencedSecurityGroupId": "sg-1"}),
    ("CKV_AWS_382", network.EGRESS, RULE | {"cidrIpv6": "::/0"}),
    ("CKV_AWS_23", network.EGRESS, {"referencedSecurityGroupId": "sg-1"}),
    ("ENDPOINT-POLICY", network.ENDPOINT, {}),
    ("RDS.2/CKV_AWS_17", database.INSTANCE, DATABASE | {"publiclyAccessible": True}),
    ("RDS.2/CKV_AWS_17", database.CLUSTER_INSTANCE, {"publiclyAccessible": True}),
    ("RDS.13/CKV_AWS_226", database.INSTANCE, DATABASE | {"autoMinorVersionUpgrade": False}),
    ("RDS.9/CKV_AWS_129", database.INSTANCE, DATABASE | {"enabledCloudwatchLogsExports": []}),
    ("RDS.9/CKV_AWS_324", database.CLUSTER, DATABASE | {"enabledCloudwatchLogsExports": []}),
    *(
        (rule, kind, DATABASE | broken)
        for kind in (database.INSTANCE, database.CLUSTER)
        for rule, broken in (
            ("RDS.3/CKV_AWS_16", {"storageEncrypted": False}),
            ("RDS.10/CKV_AWS_161", {"iamDatabaseAuthenticationEnabled": False}),
            ("RDS.11/CKV_AWS_133", {"backupRetentionPeriod": 0.0}),
            ("RDS.17/CKV2_AWS_60", {"copyTagsToSnapshot": False}),
            ("RDS-SECRET", {"manageMasterUserPassword": False}),
            ("RDS.8/CKV_AWS_293", {"deletionProtection": False}),
            ("RDS-SNAPSHOT", {"skipFinalSnapshot": True}),
        )
    ),
    ("RDS-TLS", database.PARAMETERS, {"parameters": []}),
    (
        "RDS-TLS",
        database.CLUSTER_PARAMETERS,
        {"parameters": [{"name": "rds.force_ssl", "value": "0"}]},
    ),
    ("CloudTrail.4/CKV_AWS_36", operations.TRAIL, {}),
    *container_cases.BROKEN,
]


@pytest.mark.parametrize(("type_", "properties"), SOUND)
def test_a_sound_resource_raises_no_complaint(type_: str, properties: dict[str, Any]) -> None:
    assert complaints(type_, properties) == []


@pytest.mark.parametrize(("rule", "type_", "properties"), BROKEN)
def test_a_broken_rule_is_named(rule: str, type_: str, properties: dict[str, Any]) -> None:
    assert [found for found, _ in complaints(type_, properties)] == [rule]


def test_every_rule_has_a_resource_that_breaks_it() -> None:
    assert {(rule.id, rule.type) for rule in RULES} == {(rule, type_) for rule, type_, _ in BROKEN}
