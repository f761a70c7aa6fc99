"""Where a bucket is: AWS by host name, look-alikes of S3 by path.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html
"""

import re

from labsight.errors import InvalidInput, SettingsError
from labsight.objects import s3_environment
from labsight.objects.connections import Origin, split_url

USUAL_REGION = "us-east-1"  # where the AWS tools, too, look for buckets when nothing names a region
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_REGION = re.compile(r"[a-z0-9-]{1,40}")
# What regions' names begin with, where AWS is another than the public one (botocore's partitions).
_DOMAINS = {"cn-": "amazonaws.com.cn", "eusc-": "amazonaws.eu"}


def of_bucket(bucket: str, region: str, endpoint: str | None = None) -> tuple[Origin, str]:
    """Return a bucket's server, and what goes in front of its keys.

    ``endpoint`` (``https://server:port``) is a look-alike of S3; AWS_ENDPOINT_URL_S3 and
    AWS_ENDPOINT_URL name one, too. Buckets of AWS have a host name each, unless theirs has dots,
    which no certificate covers.
    """
    if not _BUCKET.fullmatch(bucket):
        raise InvalidInput(f"{bucket[:80]!r} is no name of a bucket")
    if not _REGION.fullmatch(region):
        raise SettingsError(f"AWS_REGION is {region[:80]!r}, which is no AWS region")
    endpoint = endpoint or s3_environment.endpoint()
    if endpoint is not None:
        return _look_alike(endpoint), f"/{bucket}"
    fips = "-fips" if s3_environment.is_on("AWS_USE_FIPS_ENDPOINT") else ""
    dual = ".dualstack" if s3_environment.is_on("AWS_USE_DUALSTACK_ENDPOINT") else ""
    domain = next((_DOMAINS[one] for one in _DOMAINS if region.startswith(one)), "amazonaws.com")
    server = f"s3{fips}{dual}.{region}.{domain}"
    if "." in bucket:
        return Origin("https", server, 443), f"/{bucket}"
    return Origin("https", f"{bucket}.{server}", 443), ""


def _look_alike(endpoint: str) -> Origin:
    try:
        origin, path = split_url(endpoint)
    except InvalidInput as error:
        raise SettingsError(f"the address of the object store: {error}") from None
    if path != "/":
        raise SettingsError(
            f"the address of the object store is {endpoint[:80]!r}: give the server alone"
        )
    return origin
