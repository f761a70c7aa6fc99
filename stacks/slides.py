"""Whole slides, from an object in the archive to a tile in a browser."""

from collections.abc import Mapping
from dataclasses import dataclass

from pulumi import Input, Output

from components.api import Api, ApiArgs, Route
from components.archive import Archive
from components.code import ROOT
from components.events import ObjectCreated, ObjectCreatedArgs
from components.external_database import ExternalDatabase
from components.function import Function, FunctionArgs, QueueSource
from components.migration import Migration, MigrationArgs
from labsight.keys import DERIVED, SLIDES
from stacks.config import Settings
from stacks.foundation import Foundation

MIGRATIONS = ROOT / "src" / "labsight" / "catalog" / "migrations"

# Reading a slide's structure takes a second; a format that has to be staged whole takes minutes.
IMPORT_SECONDS = 600
# The small database's connections bound how many importers may run at once.
IMPORTERS = 10
ANSWER_SECONDS = 29
MIGRATE_SECONDS = 300

# 1,769 MB come with one whole processor: https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
ONE_CPU_MB = 1769
SMALL_MB = 1024
# Room in /tmp for slides that cannot be read in place, and what they leave of it to the rest.
SCRATCH_MB = 10_240
SCRATCH_SPARE_MB = 512
SCRATCH = {"LABSIGHT_SCRATCH_BYTES": str((SCRATCH_MB - SCRATCH_SPARE_MB) * 1024**2)}

LOGGING = {"LABSIGHT_LOG_LEVEL": "INFO"}


@dataclass(frozen=True, kw_only=True)
class Slides:
    """What people and other stacks need to know of the slide service."""

    api_url: Output[str]


def build(settings: Settings, foundation: Foundation) -> Slides:
    """Declare the slide service over the archive."""
    archive = foundation.archive
    database = ExternalDatabase(url=settings.database_url, auth=settings.database_auth)
    migration = _migration(settings, database)
    _importer(settings, archive, database, migration)
    catalog = _catalog(settings, database, migration)
    tiles = _tiles(settings, archive)
    api = Api(
        "web",
        ApiArgs(
            routes=(
                Route(method="GET", path="/slides/{proxy+}", function=tiles),
                Route(method="HEAD", path="/slides/{proxy+}", function=tiles),
                Route(method="GET", path="/api/{proxy+}", function=catalog),
                Route(method="HEAD", path="/api/{proxy+}", function=catalog),
                Route(method="GET", path="/healthz", function=catalog, authorization="NONE"),
            ),
            log_days=settings.log_retention_days,
        ),
    )
    return Slides(api_url=api.url)


def upload_command(archive: Archive) -> Output[str]:
    """Return what a workstation runs to send a folder of slides; DIR is the folder."""
    return Output.concat("labsight sync DIR --bucket ", archive.bucket, " --source scanner-1")


def _migration(settings: Settings, database: ExternalDatabase) -> Migration:
    migrate = Function(
        "migrate",
        FunctionArgs(
            code="migrate",
            environment={**database.environment(), **LOGGING},
            grants=database.connect(),
            timeout_seconds=MIGRATE_SECONDS,
            memory_mb=SMALL_MB,
            log_days=settings.log_retention_days,
        ),
    )
    return Migration("migration", MigrationArgs(function=migrate, folder=MIGRATIONS))


def _importer(
    settings: Settings, archive: Archive, database: ExternalDatabase, migration: Migration
) -> None:
    uploads = ObjectCreated(
        "uploads",
        ObjectCreatedArgs(archive=archive, prefix=SLIDES, handling_seconds=IMPORT_SECONDS),
    )
    Function(
        "importer",
        FunctionArgs(
            code="importer",
            environment={**_archive(archive), **database.environment(), **SCRATCH, **LOGGING},
            grants=(
                archive.read(SLIDES),
                archive.read(DERIVED),
                archive.write(DERIVED),
                archive.list(""),
                *database.connect(),
            ),
            # One slide at a time: a slow one must not use up the time of the others in its batch.
            source=QueueSource(queue=uploads.queue, batch=1, concurrency=IMPORTERS),
            timeout_seconds=IMPORT_SECONDS,
            memory_mb=ONE_CPU_MB,
            scratch_mb=SCRATCH_MB,
            log_days=settings.log_retention_days,
            after=(migration,),
        ),
    )


def _catalog(settings: Settings, database: ExternalDatabase, migration: Migration) -> Function:
    return Function(
        "catalog",
        FunctionArgs(
            code="catalog",
            environment={**database.environment(), **LOGGING},
            grants=database.connect(),
            timeout_seconds=ANSWER_SECONDS,
            memory_mb=SMALL_MB,
            log_days=settings.log_retention_days,
            after=(migration,),
        ),
    )


def _tiles(settings: Settings, archive: Archive) -> Function:
    labels = {"LABSIGHT_SHOW_LABELS": str(settings.show_labels).lower()}
    return Function(
        "tiles",
        FunctionArgs(
            code="tiles",
            environment={**_archive(archive), **labels, **SCRATCH, **LOGGING},
            grants=(archive.read(SLIDES), archive.read(DERIVED), archive.list("")),
            timeout_seconds=ANSWER_SECONDS,
            memory_mb=ONE_CPU_MB,
            scratch_mb=SCRATCH_MB,
            log_days=settings.log_retention_days,
        ),
    )


def _archive(archive: Archive) -> Mapping[str, Input[str]]:
    return {"LABSIGHT_ARCHIVE_BUCKET": archive.bucket}
