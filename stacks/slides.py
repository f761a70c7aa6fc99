"""Whole slides, from an object in the archive to a tile and a row for whoever asks."""

from collections.abc import Mapping
from dataclasses import dataclass

from pulumi import Input

from components.archive import Archive
from components.events import ObjectCreated, ObjectCreatedArgs
from components.filesystem import AccessPoint, FileSystem, FileSystemArgs
from components.function import Function, FunctionArgs, Mount, QueueSource
from components.queue import Queue
from labsight.keys import DERIVED, SLIDES
from stacks import tiles
from stacks.catalog import LOGGING, Catalog
from stacks.foundation import Foundation
from stacks.settings import Settings
from stacks.tiles import COPIES, ONE_CPU_MB, WORKING_SET, Tiles

# Reading a slide's structure takes a second; a format that has to be staged whole takes minutes.
IMPORT_SECONDS = 600
# A new account runs ten functions at a time in all: half of them are left to people who look.
IMPORTERS = 5
CATALOG_COPIES = 20  # where the account has enough to share out
ANSWER_SECONDS = 29
SMALL_MB = 1024
WORKER = 1000  # the user id under which copies of slides are written


@dataclass(frozen=True, kw_only=True)
class Slides:
    """The functions that answer, the queue of slides to import, and the files beside S3."""

    files: FileSystem
    tiles: Tiles
    catalog: Function
    importer: Function
    uploads: Queue


def build(settings: Settings, foundation: Foundation, catalog: Catalog) -> Slides:
    """Declare the slide service over the archive."""
    archive = foundation.archive
    uploads = ObjectCreated(
        "uploads",
        ObjectCreatedArgs(archive=archive, prefix=SLIDES, handling_seconds=IMPORT_SECONDS),
    )
    files = FileSystem(
        "files",
        FileSystemArgs(
            network=foundation.network, key=foundation.data_key, kept=False, backup=False
        ),
    )
    files.accept(catalog.inside.group, "Functions to slides that are read as files")
    # Who imports a slide and who shows it use the same copy.
    copies = files.access_point("working-set", "/working-set", WORKER, WORKER)
    return Slides(
        files=files,
        tiles=tiles.build(settings, foundation, files, copies, uploads.queue),
        catalog=_catalog(foundation, catalog),
        importer=_importer(foundation, catalog, uploads.queue, copies),
        uploads=uploads.queue,
    )


def _importer(
    foundation: Foundation, catalog: Catalog, uploads: Queue, copies: AccessPoint
) -> Function:
    archive, database = foundation.archive, catalog.database
    return Function(
        "importer",
        FunctionArgs(
            code="importer",
            environment={
                **_archive(archive),
                **database.environment("labsight_writer"),
                **COPIES,
                **LOGGING,
            },
            grants=(
                archive.read(SLIDES),
                archive.read(DERIVED),
                archive.write(DERIVED),
                archive.list(""),
                database.connect("labsight_writer"),
                copies.mount(),
            ),
            # One slide at a time: a slow one must not use up the time of the others in its batch.
            source=QueueSource(queue=uploads, batch=1, concurrency=IMPORTERS),
            timeout_seconds=IMPORT_SECONDS,
            memory_mb=ONE_CPU_MB,
            platform=foundation.platform,
            mount=Mount(access_point=copies, path=WORKING_SET),
            inside=catalog.inside,
            after=(catalog.migration,),
            reserve=IMPORTERS,
        ),
    )


def _catalog(foundation: Foundation, catalog: Catalog) -> Function:
    database = catalog.database
    return Function(
        "catalog",
        FunctionArgs(
            code="catalog",
            environment={**database.environment("labsight_reader"), **LOGGING},
            grants=(database.connect("labsight_reader"),),
            timeout_seconds=ANSWER_SECONDS,
            memory_mb=SMALL_MB,
            platform=foundation.platform,
            inside=catalog.inside,
            after=(catalog.migration,),
            reserve=CATALOG_COPIES,
        ),
    )


def _archive(archive: Archive) -> Mapping[str, Input[str]]:
    return {"LABSIGHT_ARCHIVE_BUCKET": archive.bucket}
