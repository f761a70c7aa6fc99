"""Daily copies, apart from what they are of, of things that AWS does not keep copies of by itself.

The database keeps its own (point in time), and so does the archive (versions that nobody deletes).
"""

from dataclasses import dataclass

from pulumi import ComponentResource, Input, Output, ResourceOptions
from pulumi_aws import backup

from components.encryption import Key
from components.iam import ManagedPolicy, Role, RoleArgs

# 100 years; AWS Backup takes days. https://docs.aws.amazon.com/aws-backup/latest/devguide/API_Lifecycle.html
KEPT_DAYS = range(1, 36_501)
NIGHTLY = "cron(0 3 * * ? *)"  # UTC
START_MINUTES, FINISH_MINUTES = 60, 480
_POLICIES = "arn:aws:iam::aws:policy/service-role/AWSBackupServiceRolePolicyFor"


@dataclass(frozen=True, kw_only=True)
class BackupArgs:
    """What is copied (ARNs, such as a file system's) and for how many days.

    A vault that is ``kept`` stays with its copies when the stack is destroyed; else both go. The
    key has to be kept as well, or the copies cannot be read; without one AWS's own is used.
    """

    resources: tuple[Input[str], ...]
    days: int
    kept: bool
    key: Key | None = None

    def __post_init__(self) -> None:
        if not self.resources:
            raise ValueError("resources: a backup plan of nothing; leave the backup out")
        if self.days not in KEPT_DAYS:
            raise ValueError(
                f"days: copies are kept {KEPT_DAYS.start} to {KEPT_DAYS.stop - 1} days, "
                f"got {self.days}"
            )


class Backup(ComponentResource):
    """A vault, a nightly plan, and a role that may copy and restore."""

    vault_name: Output[str]
    vault_arn: Output[str]
    role_arn: Output[str]

    def __init__(self, name: str, args: BackupArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("labsight:operations:Backup", name, None, opts)
        child = ResourceOptions(parent=self)
        vault = backup.Vault(
            f"{name}-vault",
            kms_key_arn=args.key.arn if args.key else None,
            # A vault that holds copies cannot be deleted: it stays, or its copies go first.
            force_destroy=not args.kept,
            opts=ResourceOptions(parent=self, retain_on_delete=args.kept),
        )
        role = Role(
            name,
            RoleArgs(
                service="backup.amazonaws.com",
                managed=tuple(
                    ManagedPolicy(
                        arn=f"{_POLICIES}{purpose}",
                        reason="what AWS Backup calls to copy and restore is AWS's to say",
                    )
                    for purpose in ("Backup", "Restores")
                ),
            ),
            child,
        )
        plan = backup.Plan(
            f"{name}-plan",
            rules=[
                {
                    "rule_name": "nightly",
                    "target_vault_name": vault.name,
                    "schedule": NIGHTLY,
                    "start_window": START_MINUTES,
                    "completion_window": FINISH_MINUTES,
                    "lifecycle": {"delete_after": args.days},
                }
            ],
            opts=child,
        )
        backup.Selection(
            f"{name}-selection",
            plan_id=plan.id,
            iam_role_arn=role.arn,
            resources=list(args.resources),
            opts=ResourceOptions(parent=self, depends_on=[role]),
        )
        self.vault_name, self.vault_arn, self.role_arn = vault.name, vault.arn, role.arn
        self.register_outputs({"vault_name": self.vault_name})
