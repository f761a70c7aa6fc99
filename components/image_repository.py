"""Images of containers: a repository of the stack's own, or an image in another one of ECR."""

import re
from dataclasses import dataclass

from pulumi import ComponentResource, Input, Output, ResourceOptions
from pulumi_aws import ecr

from components.encryption import Key
from components.iam import Grant

# https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutImage.html
TAG = r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}"
ECR_IMAGE = (
    r"([0-9]{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com/([a-z0-9][a-z0-9._/-]{0,255})"
    rf"(?::{TAG}|@sha256:[0-9a-f]{{64}})"
)
KEPT_IMAGES = 10
PULL = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")

LOG_IN = Grant(
    ("ecr:GetAuthorizationToken",),
    ("*",),
    reason="a token is for the whole of the account's registry: there is no resource to name",
)


@dataclass(frozen=True)
class Image:
    """An image to run, and the right to fetch it."""

    name: Input[str]
    pull: tuple[Grant, ...]


def elsewhere(name: str) -> Image:
    """Return an image of another repository in ECR by its whole name."""
    match = re.fullmatch(ECR_IMAGE, name)
    if match is None:
        raise ValueError(
            f"slides.image: {name!r} is no image in ECR, which look like "
            "123456789012.dkr.ecr.eu-central-1.amazonaws.com/tiles:2026.11"
        )
    account, region, repository = match.groups()
    arn = f"arn:aws:ecr:{region}:{account}:repository/{repository}"
    return Image(name, (LOG_IN, Grant(PULL, (arn,))))


@dataclass(frozen=True, kw_only=True)
class ImageRepositoryArgs:
    """What encrypts the images (none: ECR's own key)."""

    key: Key | None = None


class ImageRepository(ComponentResource):
    """Private; a tag stays what it was, each image is scanned, the last few are kept.

    Images can be built again, so they go with the stack.
    """

    url: Output[str]

    def __init__(
        self, name: str, args: ImageRepositoryArgs, opts: ResourceOptions | None = None
    ) -> None:
        super().__init__("labsight:compute:ImageRepository", name, None, opts)
        child = ResourceOptions(parent=self)
        repository = ecr.Repository(
            f"{name}-images",
            image_tag_mutability="IMMUTABLE",
            image_scanning_configuration={"scan_on_push": True},
            encryption_configurations=[
                {"encryption_type": "KMS", "kms_key": args.key.arn}
                if args.key
                else {"encryption_type": "AES256"}
            ],
            force_delete=True,
            opts=child,
        )
        self.url, self._arn = repository.repository_url, repository.arn
        ecr.LifecyclePolicy(
            f"{name}-kept-images",
            repository=repository.name,
            policy=Output.json_dumps({"rules": [_keep_last(KEPT_IMAGES)]}),
            opts=child,
        )
        self.register_outputs({"url": self.url})

    def image(self, tag: str) -> Image:
        """Return the image of a tag."""
        if not re.fullmatch(TAG, tag):
            raise ValueError(f"slides.image: {tag!r} is no tag, such as 2026.11")
        return Image(Output.concat(self.url, ":", tag), (LOG_IN, Grant(PULL, (self._arn,))))


def _keep_last(count: int) -> dict[str, object]:
    return {
        "rulePriority": 1,
        "description": f"the last {count} images",
        "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": count},
        "action": {"type": "expire"},
    }
