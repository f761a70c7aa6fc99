"""A shared file system: what has to be read as files, by functions and servers in the VPC."""

import re
from dataclasses import dataclass

from pulumi import ComponentResource, Output, Resource, ResourceOptions
from pulumi_aws import efs

from components.encryption import Key
from components.iam import Grant
from components.network import Network
from components.resource_policy import EVERYONE, Statement, resource_policy, tls_only
from components.security_group import SecurityGroup, SecurityGroupArgs

NFS = 2049
# Users of the system end at 999 on Linux; 0, which may do all, is no user of an access point.
# https://docs.aws.amazon.com/efs/latest/ug/API_PosixUser.html
IDS = range(1000, 2**32)
# https://docs.aws.amazon.com/efs/latest/ug/API_RootDirectory.html: four folders deep at most
FOLDER = re.compile(r"(/[A-Za-z0-9._-]+){1,4}")
MOUNT = ("elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite")


@dataclass(frozen=True, kw_only=True)
class FileSystemArgs:
    """Where it is mounted, what encrypts it (none: AWS's own key), whether it is backed up daily.

    A ``kept`` file system stays in the account, with its policy, when the stack is destroyed.
    """

    network: Network
    key: Key | None = None
    kept: bool = True
    backup: bool = True


class FileSystem(ComponentResource):
    """Encrypted, in each zone, with no way in but an access point, over TLS.

    What nobody reads for a month moves to the cheaper class, and back at the first read.
    """

    group: SecurityGroup
    id: Output[str]
    arn: Output[str]

    def __init__(
        self, name: str, args: FileSystemArgs, opts: ResourceOptions | None = None
    ) -> None:
        super().__init__("labsight:storage:FileSystem", name, None, opts)
        child = ResourceOptions(parent=self)
        kept = ResourceOptions(parent=self, retain_on_delete=args.kept)
        self.group = SecurityGroup(
            name, SecurityGroupArgs(network=args.network, description="Shared file system"), child
        )
        made = efs.FileSystem(
            f"{name}-files",
            encrypted=True,
            kms_key_id=args.key.arn if args.key else None,
            performance_mode="generalPurpose",
            throughput_mode="elastic",  # paid by what is read and written, nothing while idle
            lifecycle_policies=[
                {"transition_to_ia": "AFTER_30_DAYS"},
                {"transition_to_primary_storage_class": "AFTER_1_ACCESS"},
            ],
            opts=kept,
        )
        self.id, self.arn = made.id, made.arn
        efs.BackupPolicy(
            f"{name}-backup",
            file_system_id=made.id,
            backup_policy={"status": "ENABLED" if args.backup else "DISABLED"},
            opts=kept,
        )
        policy = efs.FileSystemPolicy(
            f"{name}-policy", file_system_id=made.id, policy=_policy(made.arn), opts=kept
        )
        targets = [
            efs.MountTarget(
                f"{name}-{letter}",
                file_system_id=made.id,
                subnet_id=subnet,
                security_groups=[self.group.id],
                opts=child,
            )
            for letter, subnet in zip(
                args.network.letters, args.network.private_subnets, strict=True
            )
        ]
        self._ready: tuple[Resource, ...] = (policy, *targets)
        self.register_outputs({"id": self.id, "arn": self.arn})

    def accept(self, other: SecurityGroup, why: str) -> None:
        """Let the members of a group mount it, as far as their grants allow."""
        self.group.accept(other, NFS, why)

    def access_point(self, name: str, folder: str, uid: int, gid: int) -> "AccessPoint":
        """Open one folder to one user, who is its owner, whoever the client says it is.

        ``name`` is the access point's logical name, ``folder`` a path such as ``/slides``; it is
        made at the first use.
        """
        return AccessPoint(
            name,
            AccessPointArgs(file_system=self, folder=folder, uid=uid, gid=gid, ready=self._ready),
            ResourceOptions(parent=self),
        )


@dataclass(frozen=True, kw_only=True)
class AccessPointArgs:
    """The folder, its owner, and what has to be there before it can be mounted."""

    file_system: FileSystem
    folder: str
    uid: int
    gid: int
    ready: tuple[Resource, ...]

    def __post_init__(self) -> None:
        for setting, value in (("uid", self.uid), ("gid", self.gid)):
            if value not in IDS:
                raise ValueError(
                    f"{setting}: {IDS.start} to {IDS.stop - 1} (no user of the system), got {value}"
                )
        if not FOLDER.fullmatch(self.folder) or {".", ".."} & set(self.folder.split("/")):
            raise ValueError(
                f"folder: a path such as /slides, up to four folders deep, got {self.folder!r}"
            )


class AccessPoint(ComponentResource):
    """One folder of a file system, entered as one user; a mount has to wait for ``ready``."""

    arn: Output[str]
    id: Output[str]
    file_system_id: Output[str]
    ready: tuple[Resource, ...]

    def __init__(
        self, name: str, args: AccessPointArgs, opts: ResourceOptions | None = None
    ) -> None:
        super().__init__("labsight:storage:AccessPoint", name, None, opts)
        made = efs.AccessPoint(
            f"{name}-access",
            file_system_id=args.file_system.id,
            posix_user={"uid": args.uid, "gid": args.gid},
            root_directory={
                "path": args.folder,
                "creation_info": {
                    "owner_uid": args.uid,
                    "owner_gid": args.gid,
                    "permissions": "0750",
                },
            },
            opts=ResourceOptions(parent=self),
        )
        self.arn, self.id = made.arn, made.id
        self.file_system_id, self._file_system_arn = args.file_system.id, args.file_system.arn
        self.ready = args.ready
        self.register_outputs({"arn": self.arn})

    def mount(self, *, write: bool = True) -> Grant:
        """Allow mounting the folder, for reading and, unless it is said otherwise, writing."""
        through = {"StringEquals": {"elasticfilesystem:AccessPointArn": self.arn}}
        return Grant(MOUNT if write else MOUNT[:1], (self._file_system_arn,), through)


def _policy(arn: Output[str]) -> Output[str]:
    """Refuse clients without TLS, without an access point, and those who want to be root.

    Without a policy EFS lets in whoever reaches a mount target; with one only who has a grant.
    https://docs.aws.amazon.com/efs/latest/ug/iam-access-control-nfs-efs.html
    """
    return resource_policy(
        [
            tls_only("elasticfilesystem:*", arn),
            Statement(
                sid="AccessPointsOnly",
                effect="Deny",
                service=EVERYONE,
                actions=MOUNT,
                resources=(arn,),
                condition={"Null": {"elasticfilesystem:AccessPointArn": "true"}},
            ),
            Statement(
                sid="NoRoot",
                effect="Deny",
                service=EVERYONE,
                actions=("elasticfilesystem:ClientRootAccess",),
                resources=(arn,),
                condition={"Bool": {"elasticfilesystem:AccessedViaMountTarget": "true"}},
            ),
        ]
    )
