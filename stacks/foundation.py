"""What everything else stands on: the archive."""

from dataclasses import dataclass

from components.archive import Archive, ArchiveArgs
from labsight.keys import DERIVED, SLIDES
from stacks.config import Settings


@dataclass(frozen=True, kw_only=True)
class Foundation:
    """What the other stacks build upon."""

    archive: Archive


def build(settings: Settings) -> Foundation:
    """Declare the foundation."""
    archive = Archive(
        "archive",
        ArchiveArgs(
            write_once=SLIDES,
            remade=DERIVED,
            log_days=settings.log_retention_days,
            archive_after_days=settings.archive_after_days,
        ),
    )
    return Foundation(archive=archive)
