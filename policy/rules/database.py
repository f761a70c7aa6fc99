"""The catalog's database: private, encrypted, without passwords, kept from loss."""

from policy.rule import (
    Companion,
    Properties,
    Rule,
    at_least,
    is_not_true,
    is_set,
    is_true,
)

INSTANCE = "aws:rds/instance:Instance"
CLUSTER = "aws:rds/cluster:Cluster"
CLUSTER_INSTANCE = "aws:rds/clusterInstance:ClusterInstance"
PARAMETERS = "aws:rds/parameterGroup:ParameterGroup"
CLUSTER_PARAMETERS = "aws:rds/clusterParameterGroup:ClusterParameterGroup"


def _forces_tls(properties: Properties) -> bool:
    return any(
        one["name"] == "rds.force_ssl" and one["value"] == "1"
        for one in properties.get("parameters") or []
    )


def _has_no_password(properties: Properties) -> bool:
    managed = properties.get("manageMasterUserPassword") is True
    return managed and not properties.get("password") and not properties.get("masterPassword")


def _leaves_a_snapshot(properties: Properties) -> bool:
    return properties.get("skipFinalSnapshot") is not True


RULES = (
    Rule("RDS.2/CKV_AWS_17", INSTANCE, "is private", is_not_true("publiclyAccessible")),
    Rule("RDS.2/CKV_AWS_17", CLUSTER_INSTANCE, "is private", is_not_true("publiclyAccessible")),
    Rule(
        "RDS.13/CKV_AWS_226", INSTANCE, "takes small upgrades", is_true("autoMinorVersionUpgrade")
    ),
    Rule("RDS.9/CKV_AWS_129", INSTANCE, "sends its logs", is_set("enabledCloudwatchLogsExports")),
    Rule("RDS.9/CKV_AWS_324", CLUSTER, "sends its logs", is_set("enabledCloudwatchLogsExports")),
    *(
        rule
        for kind in (INSTANCE, CLUSTER)
        for rule in (
            Rule("RDS.3/CKV_AWS_16", kind, "is encrypted", is_true("storageEncrypted")),
            Rule(
                "RDS.10/CKV_AWS_161",
                kind,
                "lets roles sign in",
                is_true("iamDatabaseAuthenticationEnabled"),
            ),
            Rule("RDS.11/CKV_AWS_133", kind, "is backed up", at_least("backupRetentionPeriod", 1)),
            Rule("RDS.17/CKV2_AWS_60", kind, "tags its snapshots", is_true("copyTagsToSnapshot")),
            Rule("RDS-SECRET", kind, "keeps its password to itself", _has_no_password),
            Rule("RDS.8/CKV_AWS_293", kind, "is protected", is_true("deletionProtection")),
            Rule("RDS-SNAPSHOT", kind, "leaves a last snapshot", _leaves_a_snapshot),
        )
    ),
    Rule("RDS-TLS", PARAMETERS, "forces TLS", _forces_tls),
    Rule("RDS-TLS", CLUSTER_PARAMETERS, "forces TLS", _forces_tls),
)

COMPANIONS: tuple[Companion, ...] = (
    Companion("RDS-TLS", INSTANCE, PARAMETERS, "parameterGroupName", "name"),
    Companion("RDS-TLS", CLUSTER, CLUSTER_PARAMETERS, "dbClusterParameterGroupName", "name"),
)
