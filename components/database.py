"""The catalog's database: private, encrypted, no passwords, and safe from a careless deletion."""

from collections.abc import Mapping

from pulumi import ComponentResource, Input, Output, Resource, ResourceOptions
from pulumi_aws import cloudwatch, rds

from components.database_args import DatabaseArgs
from components.database_engines import LAST, NAME, PORT, Made, Shared, cluster, instance
from components.iam import Grant, Role, RoleArgs
from components.place import Place
from components.security_group import SecurityGroup, SecurityGroupArgs

__all__ = ["Database", "DatabaseArgs"]

# Aurora wakes up while the first caller waits: some 15 seconds, more after a day. A request may
# take 29 seconds in all.
# https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2-auto-pause.html
WAKING_SECONDS = 25


class Database(ComponentResource):
    """PostgreSQL 16 in private subnets: encrypted, TLS only, signed in to with IAM tokens.

    Its master password is made, kept and rotated by RDS; only the first set-up reads it.
    """

    group: SecurityGroup
    identifier: Output[str]
    resource_id: Output[str]
    arn: Output[str]
    address: Output[str]
    master_secret_arn: Output[str]
    last_snapshot: Output[str]  # its name, once a kept database has gone

    def __init__(self, name: str, args: DatabaseArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("labsight:database:Database", name, None, opts)
        child = ResourceOptions(parent=self)
        self._args = args
        self.group = SecurityGroup(
            name,
            SecurityGroupArgs(network=args.network, description="Catalog database"),
            child,
        )
        subnets = rds.SubnetGroup(
            f"{name}-subnets", subnet_ids=list(args.network.private_subnets), opts=child
        )
        # Named after the subnet group, whose name AWS has seen before, unlike its own: so log
        # groups can be made before the first line is logged, and the last snapshot's name is not
        # taken by the snapshot of an earlier life. Another key means another database.
        identifier = Output.concat(subnets.name, "-own-key" if args.key else "")
        monitoring = _monitoring(name, args.place, child)
        before = [monitoring, *_logs(name, args, identifier, child)]
        shared = Shared(
            identifier=identifier,
            subnet_group=subnets.name,
            security_group=self.group.id,
            monitoring_role=monitoring.arn,
            opts=ResourceOptions(parent=self, depends_on=before),
        )
        build = cluster if args.engine == "aurora" else instance
        made: Made = build(name, args, shared, child)
        self.identifier, self.resource_id, self.arn = made.identifier, made.resource_id, made.arn
        self.address, self.master_secret_arn = made.address, made.master_secret_arn
        self.last_snapshot = Output.concat(identifier, LAST)
        self.register_outputs({"identifier": self.identifier, "address": self.address})

    @property
    def serverless(self) -> bool:
        """Whether it is an Aurora cluster that pauses when nobody is connected."""
        return self._args.engine == "aurora"

    @property
    def kind(self) -> str:
        """What RDS calls it: ``instance`` or ``cluster``."""
        return "cluster" if self.serverless else "instance"

    @property
    def protected(self) -> bool:
        """Whether AWS refuses to delete it until that is changed."""
        return self._args.kept

    def accept(self, other: SecurityGroup, why: str) -> None:
        """Let the members of a group connect."""
        self.group.accept(other, PORT, why)

    def environment(self, user: str | None = None) -> Mapping[str, Input[str]]:
        """Return the variables by which a function finds the database and signs in as ``user``.

        Without a user the function is handed name and password of the master with its event.
        """
        query = f"?connect_timeout={WAKING_SECONDS}" if self.serverless else ""
        return {
            "LABSIGHT_DATABASE_URL": Output.concat(
                "postgresql+psycopg://", f"{user}@" if user else "", self.address,
                f":{PORT}/{NAME}{query}",
            ),
            "LABSIGHT_DATABASE_AUTH": "iam" if user else "password",
        }  # fmt: skip

    def connect(self, user: str) -> Grant:
        """Allow signing in as one database user, with a token."""
        users = self._args.place.arn("rds-db", "dbuser:")
        return Grant(("rds-db:connect",), (Output.concat(users, self.resource_id, "/", user),))

    def read_master_secret(self) -> tuple[Grant, ...]:
        """Allow reading name and password of the master user."""
        read = Grant(("secretsmanager:GetSecretValue",), (self.master_secret_arn,))
        return (read, self._args.key.use()) if self._args.key else (read,)

    def lift_protection(self) -> Grant:
        """Allow taking the protection from deletion away.

        IAM cannot tell this modification from others, so the holder may make any of this database.
        """
        return Grant((f"rds:ModifyDB{self.kind.capitalize()}",), (self.arn,))


def _monitoring(name: str, place: Place, child: ResourceOptions) -> Role:
    """Let RDS write the operating system's figures to its log group, one for the whole account.

    What AmazonRDSEnhancedMonitoringRole allows, in this account and region.
    """
    return Role(
        f"{name}-monitoring",
        RoleArgs(
            service="monitoring.rds.amazonaws.com",
            trust={"StringEquals": {"aws:SourceAccount": place.account}},
            grants=(
                Grant(
                    ("logs:CreateLogGroup", "logs:PutRetentionPolicy"),
                    (place.arn("logs", "log-group:RDS*"),),
                ),
                Grant(
                    (
                        "logs:CreateLogStream",
                        "logs:PutLogEvents",
                        "logs:DescribeLogStreams",
                        "logs:GetLogEvents",
                    ),
                    (place.arn("logs", "log-group:RDS*:log-stream:*"),),
                ),
            ),
        ),
        child,
    )


def _logs(
    name: str, args: DatabaseArgs, identifier: Output[str], child: ResourceOptions
) -> list[Resource]:
    """Make the log groups that RDS exports to; made by RDS they would keep logs for ever.

    RDS decides their names: it takes no other log groups.
    """
    serverless = args.engine == "aurora"
    folder = "/aws/rds/cluster/" if serverless else "/aws/rds/instance/"
    return [
        cloudwatch.LogGroup(
            f"{name}-{log}-logs",
            name=Output.concat(folder, identifier, f"/{log}"),
            retention_in_days=args.log_days,
            kms_key_id=args.log_key.arn if args.log_key else None,
            opts=child,
        )
        for log in (("postgresql",) if serverless else ("postgresql", "upgrade"))
    ]
