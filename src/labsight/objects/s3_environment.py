"""What the environment says of S3, under the names that the AWS tools know.

https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html#EVarSettings
"""

import os


def region() -> str:
    """Return the region that the environment names, if it does."""
    return os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or ""


def endpoint() -> str | None:
    """Return the look-alike of S3 that the environment names, if it does."""
    if is_on("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"):
        return None
    return os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or None


def is_on(name: str) -> bool:
    """Return whether a variable switches something on."""
    return os.environ.get(name, "").lower() == "true"
