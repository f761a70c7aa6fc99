"""One network drive: a prefix of the archive, shown by the file gateway over SMB."""

import re
from dataclasses import dataclass

from pulumi import ComponentResource, Input, Output, Resource, ResourceOptions
from pulumi_aws import storagegateway

from components.archive import Archive
from components.iam import Role, RoleArgs
from components.place import Place

# A listing that nobody asked for is looked at anew after a day: a net under the notices of new
# objects. The service takes 5 minutes to 30 days.
# https://docs.aws.amazon.com/storagegateway/latest/APIReference/API_CacheAttributes.html
STALE_SECONDS = 86_400
# https://docs.aws.amazon.com/storagegateway/latest/APIReference/API_CreateSMBFileShare.html
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _.-]{0,79}")


@dataclass(frozen=True, kw_only=True)
class ShareArgs:
    """Which prefix of the archive is shown, by which gateway, under what name, and to whom.

    ``users`` are users and ``@groups`` of the directory; none: everybody in it. Without a
    directory the gateway's one account signs in. ``after`` is what the gateway needs before.
    """

    gateway_arn: Input[str]
    archive: Archive
    prefix: str
    name: str
    writable: bool
    audit_log: Input[str]
    place: Place
    directory: bool = False
    users: tuple[str, ...] = ()
    after: tuple[Resource, ...] = ()

    def __post_init__(self) -> None:
        if not self.prefix.endswith("/"):
            raise ValueError(f"prefix: {self.prefix!r}; a share's prefix ends with a slash")
        if not _NAME.fullmatch(self.name):
            raise ValueError(
                f"name: {self.name!r}; give 1 to 80 letters, digits, blanks and _.-, starting "
                "with a letter or digit"
            )
        if self.users and not self.directory:
            raise ValueError(
                f"users: {', '.join(self.users)}; without a directory there is one account alone"
            )


class Share(ComponentResource):
    """A share whose role reads, or reads and writes, the objects under its prefix."""

    arn: Output[str]
    name: str
    prefix: str

    def __init__(self, name: str, args: ShareArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("labsight:gateway:Share", name, None, opts)
        self.name, self.prefix = args.name, args.prefix
        role = Role(
            name,
            RoleArgs(
                service="storagegateway.amazonaws.com",
                grants=(
                    args.archive.share(),
                    args.archive.share_objects(args.prefix, writable=args.writable),
                ),
                # https://docs.aws.amazon.com/filegateway/latest/files3/cross-service-confused-deputy-prevention.html
                trust={
                    "StringEquals": {"aws:SourceAccount": args.place.account},
                    "ArnEquals": {"aws:SourceArn": args.gateway_arn},
                },
            ),
            ResourceOptions(parent=self),
        )
        share = storagegateway.SmbFileShare(
            f"{name}-share",
            gateway_arn=args.gateway_arn,
            location_arn=Output.concat(args.archive.arn, "/", args.prefix),
            role_arn=role.arn,
            file_share_name=args.name,
            authentication="ActiveDirectory" if args.directory else "GuestAccess",
            valid_user_lists=list(args.users) or None,
            read_only=not args.writable,
            default_storage_class="S3_INTELLIGENT_TIERING",
            # The one ACL that a bucket without ACLs accepts.
            # https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html
            object_acl="bucket-owner-full-control",
            case_sensitivity="ClientSpecified",  # Windows takes a.svs and A.svs for one file
            cache_attributes={"cache_stale_timeout_in_seconds": STALE_SECONDS},
            audit_destination_arn=args.audit_log,
            kms_encrypted=args.archive.key is not None,
            kms_key_arn=args.archive.key.arn if args.archive.key else None,
            # The gateway takes the role when the share is made, and then needs its policy.
            opts=ResourceOptions(parent=self, depends_on=[role, *args.after]),
        )
        self.arn = share.arn
        self.register_outputs({"arn": self.arn})
