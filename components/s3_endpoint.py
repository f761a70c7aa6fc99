"""The way from private subnets to S3 that costs nothing and leads to named buckets alone."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pulumi import ComponentResource, Input, Output, ResourceOptions
from pulumi_aws import ec2

from components.iam import POLICY_VERSION
from components.place import Place

# What may be done in our buckets through the endpoint. Who may do it, is said by IAM; that nobody
# changes the buckets themselves from inside, is said here. The list is what the file gateway asks
# for, which is most. https://docs.aws.amazon.com/filegateway/latest/files3/grant-access-s3.html
IN_BUCKET = (
    "s3:GetAccelerateConfiguration",
    "s3:GetBucketLocation",
    "s3:GetBucketVersioning",
    "s3:ListBucket",
    "s3:ListBucketMultipartUploads",
    "s3:ListBucketVersions",
)
ON_OBJECTS = (
    "s3:AbortMultipartUpload",
    "s3:DeleteObject",
    "s3:DeleteObjectVersion",
    "s3:GetObject",
    "s3:GetObjectAcl",
    "s3:GetObjectAttributes",
    "s3:GetObjectTagging",
    "s3:GetObjectVersion",
    "s3:ListMultipartUploadParts",
    "s3:PutObject",
    "s3:PutObjectAcl",
    "s3:PutObjectTagging",
    "s3:RestoreObject",
)

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


@dataclass(frozen=True, kw_only=True)
class S3EndpointArgs:
    """Whose traffic to S3 is taken, and to which buckets.

    ``buckets`` are ARNs of ours. ``foreign_buckets`` are names of AWS's own ones, such as those
    of system updates, from which anybody may read.
    """

    vpc_id: Input[str]
    route_tables: tuple[Input[str], ...]
    place: Place
    buckets: tuple[Input[str], ...]
    foreign_buckets: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_bucket_names(self.foreign_buckets)


def check_bucket_names(buckets: Iterable[str]) -> None:
    """Raise ValueError if one of the ``foreign_buckets`` is no name of a bucket."""
    for bucket in buckets:
        if not _BUCKET.fullmatch(bucket):
            raise ValueError(
                f"foreign_buckets: {bucket!r} is no name of a bucket; write it as "
                "al2023-repos-eu-central-1-de612dc2"
            )


class S3Endpoint(ComponentResource):
    """A gateway endpoint whose policy keeps data from leaving to anybody else's bucket."""

    prefix_list: Output[str]

    def __init__(
        self, name: str, args: S3EndpointArgs, opts: ResourceOptions | None = None
    ) -> None:
        super().__init__("labsight:network:S3Endpoint", name, None, opts)
        endpoint = ec2.VpcEndpoint(
            f"{name}-endpoint",
            vpc_id=args.vpc_id,
            vpc_endpoint_type="Gateway",
            service_name=f"com.amazonaws.{args.place.region}.s3",
            route_table_ids=list(args.route_tables),
            policy=Output.json_dumps(
                {"Version": POLICY_VERSION, "Statement": list(_statements(args))}
            ),
            opts=ResourceOptions(parent=self),
        )
        self.prefix_list = endpoint.prefix_list_id
        self.register_outputs({"prefix_list": self.prefix_list})


def _statements(args: S3EndpointArgs) -> Iterable[dict[str, Any]]:
    """Our buckets for our own identities; AWS's buckets for reading, which needs no identity."""
    ours = {"StringEquals": {"aws:PrincipalAccount": args.place.account}}
    if args.buckets:
        objects = [Output.concat(arn, "/*") for arn in args.buckets]
        yield _allow("OurBuckets", IN_BUCKET, list(args.buckets)) | {"Condition": ours}
        yield _allow("OurObjects", ON_OBJECTS, objects) | {"Condition": ours}
    if args.foreign_buckets:
        foreign = [f"arn:aws:s3:::{bucket}/*" for bucket in args.foreign_buckets]
        yield _allow("BucketsOfAws", ("s3:GetObject",), foreign)
    if not (args.buckets or args.foreign_buckets):
        # A policy without statements is refused, and an endpoint without a policy lets all through.
        yield {
            "Sid": "Nothing",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": "*",
        }


def _allow(sid: str, actions: tuple[str, ...], resources: list[Any]) -> dict[str, Any]:
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": "*",
        "Action": list(actions),
        "Resource": resources,
    }
