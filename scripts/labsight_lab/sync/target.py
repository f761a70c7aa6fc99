"""Which folder goes to which archive, as whom, and where that is remembered."""

import re
from dataclasses import dataclass
from pathlib import Path

from labsight.errors import InvalidInput
from labsight.keys import SlideKey
from labsight_lab.config import state_dir
from labsight_lab.sync.journal.entries import Identity

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


@dataclass(frozen=True, kw_only=True)
class Target:
    """A folder of a lab and its place in an archive.

    ``folder`` is absolute and may be missing at the moment (a share that is away). ``profile`` is
    the AWS profile to ask with. ``endpoint`` is another S3 than that of AWS. ``journal`` and
    ``log_folder`` are where somebody wants them; None for the usual place.
    """

    folder: Path
    bucket: str
    source: str
    profile: str | None = None
    region: str | None = None
    endpoint: str | None = None
    journal: Path | None = None
    log_folder: Path | None = None

    def __post_init__(self) -> None:
        check_bucket(self.bucket)
        check_source(self.source)

    @property
    def identity(self) -> Identity:
        """What the journal is about."""
        return Identity(
            folder=self.folder,
            bucket=self.bucket,
            source=self.source,
            endpoint=self.endpoint or "",
        )

    @property
    def journal_file(self) -> Path:
        """Where the journal lies; it may not be there yet."""
        return self.journal or state_dir() / "sync" / self.identity.file_name()


def check_bucket(name: str) -> str:
    """Return the name of a bucket; raise InvalidInput for what no bucket can be called."""
    if not _BUCKET.fullmatch(name):
        raise InvalidInput(
            f"bucket {name!r}: give the name of a bucket alone, as the stack's output "
            "archive_bucket tells it (lower-case letters, digits, hyphens and dots)"
        )
    return name


def check_source(name: str) -> str:
    """Return the name of a source; raise InvalidInput for one that no key can have."""
    SlideKey(name, "any.svs")
    return name
