"""The catalog's database alone, with the real components and functions around it."""

from components.code import ROOT
from components.database import Database, DatabaseArgs
from components.failures import Failures, FailuresArgs
from components.function import Function, FunctionArgs, FunctionPlatform, Inside
from components.migration import Migration, MigrationArgs
from components.network import Network, NetworkArgs
from components.packages import Packages, PackagesArgs
from components.place import here
from components.release import Release, ReleaseArgs
from components.security_group import SecurityGroup, SecurityGroupArgs

place = here()
network = Network(
    "network",
    NetworkArgs(
        cidr="10.20.0.0/16",
        zones=(f"{place.region}a", f"{place.region}b"),
        place=place,
        log_days=30,
    ),
)
platform = FunctionPlatform(
    packages=Packages("packages", PackagesArgs(source="none")),
    failures=Failures("failures", FailuresArgs(place=place)),
    log_days=30,
)
database = Database("database", DatabaseArgs(network=network, place=place, log_days=30))


def inside(name: str) -> Inside:
    """Give a function its place beside the database."""
    group = SecurityGroup(name, SecurityGroupArgs(network=network, description=f"Function {name}"))
    database.accept(group, "Catalog")
    return Inside(subnets=network.private_subnets, group=group)


migrate = Function(
    "migrate",
    FunctionArgs(
        code="migrate",
        environment=database.environment(),
        timeout_seconds=300,
        memory_mb=512,
        platform=platform,
        inside=inside("migrate"),
    ),
)
setup = Function(
    "database-setup",
    FunctionArgs(
        code="database_setup",
        environment={
            "LABSIGHT_MASTER_SECRET": database.master_secret_arn,
            "LABSIGHT_MIGRATE_FUNCTION": migrate.function_name,
        },
        grants=(*database.read_master_secret(), migrate.invoke()),
        timeout_seconds=310,
        memory_mb=256,
        platform=platform,
    ),
)
catalog = ROOT / "src" / "labsight" / "catalog"
migration = Migration(
    "migration",
    MigrationArgs(
        database=database,
        function=setup,
        migrate=migrate,
        files=(catalog / "migrations", catalog / "roles.py"),
    ),
)
release = Release(
    "release",
    ReleaseArgs(
        database=database,
        function=Function(
            "database-release",
            FunctionArgs(
                code="database_release",
                environment={},
                grants=(database.lift_protection(),),
                timeout_seconds=300,
                memory_mb=256,
                platform=platform,
            ),
        ),
    ),
)
Function(
    "catalog",
    FunctionArgs(
        code="catalog",
        environment=database.environment("labsight_reader"),
        grants=(database.connect("labsight_reader"),),
        timeout_seconds=29,
        memory_mb=512,
        platform=platform,
        inside=inside("catalog"),
        after=(migration,),
    ),
)
