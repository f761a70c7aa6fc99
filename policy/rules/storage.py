"""Buckets and file systems: private, encrypted, over TLS, kept from loss."""

from policy.rule import Companion, Properties, Rule, is_true, statements, texts

BUCKET = "aws:s3/bucket:Bucket"
CORS = "aws:s3/bucketCorsConfiguration:BucketCorsConfiguration"
BUCKET_POLICY = "aws:s3/bucketPolicy:BucketPolicy"
ENCRYPTION = (
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
)
LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
LOGGING = "aws:s3/bucketLogging:BucketLogging"
OWNERSHIP = "aws:s3/bucketOwnershipControls:BucketOwnershipControls"
PUBLIC_ACCESS = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
VERSIONING = "aws:s3/bucketVersioning:BucketVersioning"
FILE_SYSTEM = "aws:efs/fileSystem:FileSystem"
FILE_POLICY = "aws:efs/fileSystemPolicy:FileSystemPolicy"
BACKUP = "aws:backup/selection:Selection"
ACCESS_POINT = "aws:efs/accessPoint:AccessPoint"


def refuses_plain_http(properties: Properties) -> bool:
    """Say whether a resource's policy denies everything to whoever comes without TLS."""
    return any(
        statement["Effect"] == "Deny"
        and statement["Principal"] in ("*", {"AWS": "*"})
        and statement.get("Condition") == {"Bool": {"aws:SecureTransport": "false"}}
        and any(
            action in {"*", "s3:*", "sqs:*", "elasticfilesystem:*", "sns:Publish"}
            for action in texts(statement["Action"])
        )
        for statement in statements(properties)
    )


def lets_nobody_in_blindly(properties: Properties) -> bool:
    """Say whether each Allow is for a service that acts for a resource or account of ours."""
    return all(
        isinstance(statement["Principal"], dict)
        and statement["Principal"].keys() == {"Service"}
        and _names_its_source(statement.get("Condition", {}))
        for statement in statements(properties)
        if statement["Effect"] == "Allow"
    )


def _names_its_source(condition: Properties) -> bool:
    named = {key.lower() for test in condition.values() for key in test}
    return bool(named & {"aws:sourcearn", "aws:sourceaccount"})


def _is_private(properties: Properties) -> bool:
    blocks = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
    return all(properties.get(block) is True for block in blocks)


def _is_for_one_site(properties: Properties) -> bool:
    return not any(
        "*" in origin for rule in properties["corsRules"] for origin in rule["allowedOrigins"]
    )


def _only_reads(properties: Properties) -> bool:
    return all({"GET", "HEAD"} >= set(rule["allowedMethods"]) for rule in properties["corsRules"])


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


def _has_own_user(point: Properties) -> bool:
    user = point.get("posixUser") or {}
    return bool(user.get("uid", 0) > 0 and user.get("gid", 0) > 0)


def _has_own_root(point: Properties) -> bool:
    return bool((point.get("rootDirectory") or {}).get("path", "/") != "/")


RULES = (
    Rule("S3.8/CKV2_AWS_6", PUBLIC_ACCESS, "blocks public access in all four ways", _is_private),
    Rule("S3.5", BUCKET_POLICY, "refuses requests without TLS", refuses_plain_http),
    Rule(
        "S3.2/CKV_AWS_70",
        BUCKET_POLICY,
        "lets in services for one resource only",
        lets_nobody_in_blindly,
    ),
    Rule("CORS-SITE", CORS, "opens to pages of named sites", _is_for_one_site),
    Rule("CORS-READ", CORS, "lets pages of other sites read at most", _only_reads),
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
    Rule("EFS.1/CKV_AWS_42", FILE_SYSTEM, "is encrypted", is_true("encrypted")),
    Rule("EFS-TLS/CKV_AWS_97", FILE_POLICY, "refuses mounts without TLS", refuses_plain_http),
    Rule("EFS.3/CKV_AWS_329", ACCESS_POINT, "has a root folder of its own", _has_own_root),
    Rule("EFS.4/CKV_AWS_330", ACCESS_POINT, "acts as a user of its own", _has_own_user),
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
    Companion("EFS-TLS/CKV_AWS_97", FILE_SYSTEM, FILE_POLICY, "id", "fileSystemId"),
    Companion("EFS.2/CKV2_AWS_18", FILE_SYSTEM, BACKUP, "arn", "resources"),
)
