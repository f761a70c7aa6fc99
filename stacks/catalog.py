"""The catalog's database, set up before anything uses it, released before it goes."""

from dataclasses import dataclass

from components.code import ROOT
from components.database import Database, DatabaseArgs
from components.database_engines import MASTER
from components.function import Function, FunctionArgs, Inside
from components.migration import Migration, MigrationArgs
from components.release import Release, ReleaseArgs
from components.security_group import SecurityGroup, SecurityGroupArgs
from stacks.foundation import Foundation
from stacks.settings import Settings

CATALOG = ROOT / "src" / "labsight" / "catalog"
# What says what the database looks like, and who may do what in it.
DECIDED_BY = (CATALOG / "migrations", CATALOG / "roles.py")

MIGRATE_SECONDS = 300
# Time for a function that was long idle to get its way into the network back.
SETUP_SECONDS = MIGRATE_SECONDS + 180
RELEASE_SECONDS = 900
SMALL_MB = 512
MIGRATE_MB = 1024

LOGGING = {"LABSIGHT_LOG_LEVEL": "INFO"}


@dataclass(frozen=True, kw_only=True)
class Catalog:
    """The database, and what has to be done before a function uses it.

    ``inside`` is the place in the VPC of functions that do: they reach the database, S3, and
    nothing else.
    """

    database: Database
    migration: Migration
    inside: Inside
    functions: dict[str, Function]


def build(settings: Settings, foundation: Foundation) -> Catalog:
    """Declare the database and its set-up."""
    database = Database(
        "catalog-database",
        DatabaseArgs(
            network=foundation.network,
            place=foundation.place,
            engine=settings.database.engine,
            instance_class=settings.database.instance_class,
            storage_gb=settings.database.storage_gb,
            backup_days=settings.database.backup_days,
            largest_acu=settings.database.largest_acu,
            multi_az=settings.regulated,
            kept=settings.kept,
            log_days=settings.operations.log_days,
            key=foundation.data_key,
            log_key=foundation.key,
        ),
    )
    inside = _inside(foundation, database)
    migrate = Function(
        "migrate",
        FunctionArgs(
            code="migrate",
            environment={**database.environment(), **LOGGING},
            # RDS may ask the master for a token, too: lambdas/migrate/handler.py.
            grants=(database.connect(MASTER),),
            timeout_seconds=MIGRATE_SECONDS,
            memory_mb=MIGRATE_MB,
            platform=foundation.platform,
            inside=inside,
        ),
    )
    setup = Function(
        "database-setup",
        FunctionArgs(
            code="database_setup",
            environment={
                "LABSIGHT_MASTER_SECRET": database.master_secret_arn,
                "LABSIGHT_MIGRATE_FUNCTION": migrate.function_name,
                **LOGGING,
            },
            grants=(*database.read_master_secret(), migrate.invoke()),
            timeout_seconds=SETUP_SECONDS,
            memory_mb=SMALL_MB,
            platform=foundation.platform,
        ),
    )
    migration = Migration(
        "migration",
        MigrationArgs(database=database, function=setup, migrate=migrate, files=DECIDED_BY),
    )
    functions = {"migrate": migrate, "database-setup": setup}
    if database.protected:
        functions["database-release"] = _release(foundation, database)
    return Catalog(database=database, migration=migration, inside=inside, functions=functions)


def _inside(foundation: Foundation, database: Database) -> Inside:
    group = SecurityGroup(
        "catalog-functions",
        SecurityGroupArgs(network=foundation.network, description="Functions that use the catalog"),
    )
    database.accept(group, "Functions to the catalog")
    group.reach_s3("Functions to the archive")
    return Inside(subnets=foundation.network.private_subnets, group=group)


def _release(foundation: Foundation, database: Database) -> Function:
    function = Function(
        "database-release",
        FunctionArgs(
            code="database_release",
            environment=LOGGING,
            grants=(database.lift_protection(),),
            timeout_seconds=RELEASE_SECONDS,
            memory_mb=SMALL_MB,
            platform=foundation.platform,
        ),
    )
    Release("catalog-release", ReleaseArgs(database=database, function=function))
    return function
