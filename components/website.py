"""The built web app in a private bucket, and the file that tells it where people sign in."""

import hashlib
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pulumi import ComponentResource, FileAsset, Input, Output, ResourceOptions
from pulumi_aws import s3

from components.bucket import PrivateBucket, PrivateBucketArgs
from components.code import source_files
from components.place import Place
from components.resource_policy import Statement

# Tells the web app how people sign in; the build's own is for machines without a login.
CONFIG = "config.json"
HASHED = "assets/"  # the build puts a hash of each file's content into the names here
FOR_EVER = "public, max-age=31536000, immutable"
ASK_FIRST = "no-cache"

# What the standard library leaves to the machine's own tables, or does not know.
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".md": "text/plain; charset=utf-8",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}


@dataclass(frozen=True, kw_only=True)
class WebsiteArgs:
    """The folder with the built web app, and the ARN of the distribution that shows it."""

    place: Place
    folder: Path
    distribution_arn: Input[str]

    def __post_init__(self) -> None:
        if not (self.folder / "index.html").is_file():
            raise ValueError(
                f"the web app is not built: {self.folder / 'index.html'} is missing; run `make web`"
            )


class Website(ComponentResource):
    """Files that one distribution reads. Each build makes them anew, so nothing is kept."""

    domain: Output[str]

    def __init__(self, name: str, args: WebsiteArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("labsight:edge:Website", name, None, opts)
        self._store = PrivateBucket(
            name,
            PrivateBucketArgs(
                statements=lambda arn: [_cloudfront(arn, args.distribution_arn)],
                remade=("",),
                remade_days=1,
                kept=False,
            ),
            ResourceOptions(parent=self),
        )
        self.domain = Output.concat(self._store.bucket, f".s3.{args.place.region}.amazonaws.com")
        for path in source_files(args.folder):
            key = path.relative_to(args.folder).as_posix()
            if key != CONFIG:  # the build's own is for where nobody signs in
                self._file(key, path)
        self.register_outputs({"domain": self.domain})

    def configure(self, config: Mapping[str, Any]) -> None:
        """Write ``/config.json``, which may hold what is only known after the site's address."""
        self._object(CONFIG, content=Output.json_dumps(config))

    def _file(self, key: str, path: Path) -> None:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        self._object(key, source=FileAsset(path), source_hash=digest)

    def _object(self, key: str, **content: Any) -> None:
        s3.BucketObjectv2(
            f"{self.pulumi_resource_name}-{key}",
            bucket=self._store.bucket,
            key=key,
            content_type=content_type(key),
            cache_control=FOR_EVER if key.startswith(HASHED) else ASK_FIRST,
            # Nothing lies in the bucket before all that guards it.
            opts=ResourceOptions(parent=self, depends_on=[self._store]),
            **content,
        )


def content_type(key: str) -> str:
    """Return the media type of a file of the web app by its name."""
    return _TYPES.get(Path(key).suffix, mimetypes.guess_type(key)[0] or "application/octet-stream")


def _cloudfront(arn: Output[str], distribution_arn: Input[str]) -> Statement:
    return Statement(
        sid="CloudFrontReads",
        effect="Allow",
        service="cloudfront.amazonaws.com",
        actions=("s3:GetObject",),
        resources=(Output.concat(arn, "/*"),),
        condition={"StringEquals": {"aws:SourceArn": distribution_arn}},
    )
