"""The two kinds of database: an RDS instance that is always on, an Aurora cluster that pauses."""

from dataclasses import dataclass

from pulumi import Input, Output, ResourceOptions
from pulumi_aws import rds

from components.database_args import DatabaseArgs

NAME = "labsight"
MASTER = "labsight_admin"
PORT = 5433  # not the one that everybody tries first (FSBP RDS.23)
VERSION = "16"  # AWS chooses the minor version, and upgrades it
# Root of the server's certificate; src/labsight/catalog/rds-ca.pem holds it for each region.
CERTIFICATE = "rds-ca-rsa2048-g1"
MONITORING_SECONDS = 60
INSIGHTS_DAYS = 7  # the free ones; PostgreSQL has them on every class
GROWTH = 5  # storage grows by itself up to so many times its size
IDLE_SECONDS = 300  # the shortest that Aurora takes
# What is slow, and each change of a table, is logged; what was looked for is not: searches and
# barcodes can name a patient.
PARAMETERS = {
    "rds.force_ssl": "1",
    "log_statement": "ddl",
    "log_min_duration_statement": "2000",  # ms
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
}


# Ends the name of the snapshot that a kept database leaves.
LAST = "-final"


@dataclass(frozen=True, kw_only=True)
class Shared:
    """What a database of either kind is put into."""

    identifier: Output[str]
    subnet_group: Output[str]
    security_group: Output[str]
    monitoring_role: Output[str]
    opts: ResourceOptions


@dataclass(frozen=True, kw_only=True)
class Made:
    """What others need to know of a database of either kind."""

    identifier: Output[str]
    resource_id: Output[str]
    arn: Output[str]
    address: Output[str]
    master_secret_arn: Output[str]


def instance(name: str, args: DatabaseArgs, shared: Shared, child: ResourceOptions) -> Made:
    """Declare an instance with its own disk, and a standby in another zone if need be."""
    parameters = rds.ParameterGroup(
        f"{name}-parameters",
        family=f"postgres{VERSION}",
        description="TLS only, no parameters of queries in logs",
        parameters=[{"name": key, "value": value} for key, value in PARAMETERS.items()],
        opts=child,
    )
    key = args.key.arn if args.key else None
    made = rds.Instance(
        f"{name}-instance",
        identifier=shared.identifier,
        engine="postgres",
        engine_version=VERSION,
        auto_minor_version_upgrade=True,
        instance_class=args.instance_class,
        allocated_storage=args.storage_gb,
        max_allocated_storage=GROWTH * args.storage_gb,
        storage_type="gp3",
        storage_encrypted=True,
        kms_key_id=key,
        multi_az=args.multi_az,
        db_name=NAME,
        username=MASTER,
        manage_master_user_password=True,
        master_user_secret_kms_key_id=key,
        iam_database_authentication_enabled=True,
        ca_cert_identifier=CERTIFICATE,
        port=PORT,
        publicly_accessible=False,
        db_subnet_group_name=shared.subnet_group,
        vpc_security_group_ids=[shared.security_group],
        parameter_group_name=parameters.name,
        enabled_cloudwatch_logs_exports=["postgresql", "upgrade"],
        monitoring_interval=MONITORING_SECONDS,
        monitoring_role_arn=shared.monitoring_role,
        performance_insights_enabled=True,
        performance_insights_retention_period=INSIGHTS_DAYS,
        performance_insights_kms_key_id=args.log_key.arn if args.log_key else key,
        backup_retention_period=args.backup_days,
        copy_tags_to_snapshot=True,
        deletion_protection=args.kept,
        skip_final_snapshot=not args.kept,
        final_snapshot_identifier=_last_snapshot(args, shared),
        apply_immediately=True,  # what an update shows is done when it ends
        # RDS never takes another key for these figures: a change of the profile would fail.
        opts=ResourceOptions.merge(
            shared.opts, ResourceOptions(ignore_changes=["performance_insights_kms_key_id"])
        ),
    )
    return Made(
        identifier=made.identifier,
        resource_id=made.resource_id,
        arn=made.arn,
        address=made.address,
        master_secret_arn=made.master_user_secrets[0].secret_arn,
    )


def cluster(name: str, args: DatabaseArgs, shared: Shared, child: ResourceOptions) -> Made:
    """Declare a cluster that costs no capacity while nobody is connected.

    Minimum 0 needs PostgreSQL 16.3, which every 16 that AWS still offers is.
    """
    parameters = rds.ClusterParameterGroup(
        f"{name}-parameters",
        family=f"aurora-postgresql{VERSION}",
        description="TLS only, no parameters of queries in logs",
        parameters=[{"name": key, "value": value} for key, value in PARAMETERS.items()],
        opts=child,
    )
    key = args.key.arn if args.key else None
    made = rds.Cluster(
        f"{name}-cluster",
        cluster_identifier=shared.identifier,
        engine="aurora-postgresql",
        engine_version=VERSION,
        engine_mode="provisioned",
        serverlessv2_scaling_configuration={
            "min_capacity": 0,
            "max_capacity": args.largest_acu,
            "seconds_until_auto_pause": IDLE_SECONDS,
        },
        storage_encrypted=True,
        kms_key_id=key,
        database_name=NAME,
        master_username=MASTER,
        manage_master_user_password=True,
        master_user_secret_kms_key_id=key,
        iam_database_authentication_enabled=True,
        port=PORT,
        db_subnet_group_name=shared.subnet_group,
        vpc_security_group_ids=[shared.security_group],
        db_cluster_parameter_group_name=parameters.name,
        enabled_cloudwatch_logs_exports=["postgresql"],
        backup_retention_period=args.backup_days,
        copy_tags_to_snapshot=True,
        deletion_protection=args.kept,
        skip_final_snapshot=not args.kept,
        final_snapshot_identifier=_last_snapshot(args, shared),
        apply_immediately=True,
        opts=shared.opts,
    )
    for number in range(1, 3 if args.multi_az else 2):
        _member(f"{name}-member-{number}", made, shared)
    return Made(
        identifier=made.cluster_identifier,
        resource_id=made.cluster_resource_id,
        arn=made.arn,
        address=made.endpoint,
        master_secret_arn=made.master_user_secrets[0].secret_arn,
    )


def _member(name: str, of: rds.Cluster, shared: Shared) -> None:
    """Declare one of the cluster's servers; the second takes over when the first fails.

    Without performance insights, which want two capacity units at least and so would not fit.
    """
    rds.ClusterInstance(
        name,
        cluster_identifier=of.cluster_identifier,
        engine=rds.EngineType.AURORA_POSTGRESQL,
        engine_version=of.engine_version,
        auto_minor_version_upgrade=True,
        instance_class="db.serverless",
        ca_cert_identifier=CERTIFICATE,
        publicly_accessible=False,
        db_subnet_group_name=shared.subnet_group,
        monitoring_interval=MONITORING_SECONDS,
        monitoring_role_arn=shared.monitoring_role,
        copy_tags_to_snapshot=True,
        promotion_tier=0,  # follows the first one's capacity, so that it can take over
        apply_immediately=True,
        opts=shared.opts,
    )


def _last_snapshot(args: DatabaseArgs, shared: Shared) -> Input[str] | None:
    return Output.concat(shared.identifier, LAST) if args.kept else None
