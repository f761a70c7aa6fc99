"""Addresses under which anybody may read one object for a while, without credentials."""

from functools import cached_property
from typing import Any

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-presigned-url.html: seven days, and
# never longer than the credentials that sign.
SECONDS = range(1, 604_801)


class Presigner:
    """Signs addresses of one bucket's objects, which takes no request.

    boto3 is loaded when the first one is wanted, unless a ``client`` is given.
    """

    def __init__(self, bucket: str, client: Any = None) -> None:
        self._bucket = bucket
        self._given = client

    def __call__(self, key: str, seconds: int) -> str:
        """Return an address for GET, with or without a range."""
        if seconds not in SECONDS:
            raise ValueError(f"an address holds for {SECONDS.start} to {SECONDS.stop - 1} seconds")
        return str(
            self._client.generate_presigned_url(
                "get_object",
                Params={"Bucket": self._bucket, "Key": key},
                ExpiresIn=seconds,
                HttpMethod="GET",
            )
        )

    @cached_property
    def _client(self) -> Any:
        if self._given is not None:
            return self._given
        import boto3  # noqa: PLC0415
        from botocore.config import Config  # noqa: PLC0415

        # The bucket's name in its region, which the page's policy names: left to itself, botocore
        # signs for s3.amazonaws.com, from where S3 may send a reader on to a place not signed for.
        signing = Config(
            signature_version="s3v4",
            s3={"addressing_style": "virtual", "us_east_1_regional_endpoint": "regional"},
        )
        return boto3.client("s3", config=signing)
