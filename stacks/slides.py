"""Whole slides, from an object in the archive to a tile and a row for whoever asks."""

from collections.abc import Mapping
from dataclasses import dataclass

from pulumi import Input

from components.archive import Archive
from components.events import ObjectCreated, ObjectCreatedArgs
from components.filesystem import FileSystem, FileSystemArgs
from components.function import Function, FunctionArgs, Mount, QueueSource
from components.queue import Queue
from labsight.keys import DERIVED, SLIDES
from stacks.catalog import LOGGING, Catalog
from stacks.foundation import Foundation
from stacks.settings import Settings

# Reading a slide's structure takes a second; a format that has to be staged whole takes minutes.
IMPORT_SECONDS = 600
# A new account runs ten functions at a time in all: half of them are left to people who look.
IMPORTERS = 5
# How many copies each may run, where the account has enough to share out.
CATALOG_COPIES, TILE_COPIES = 20, 100
ANSWER_SECONDS = 29

# 1,769 MB come with one whole processor: https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
ONE_CPU_MB = 1769
SMALL_MB = 1024
# Room in /tmp for slides that cannot be read in place, and what they leave of it to the rest.
SCRATCH_MB = 10_240
SCRATCH_SPARE_MB = 512
SCRATCH = {"LABSIGHT_SCRATCH_BYTES": str((SCRATCH_MB - SCRATCH_SPARE_MB) * 1024**2)}
# The working set has room for any slide; each call of the importer removes what it staged.
WORKING_SET = "/mnt/working-set"
WORKING_SET_BYTES = 200 * 1024**3
WORKER = 1000  # the user id under which functions work there


@dataclass(frozen=True, kw_only=True)
class Slides:
    """The functions that answer, the queue of slides to import, and the files beside S3."""

    files: FileSystem
    tiles: Function
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
    return Slides(
        files=files,
        tiles=_tiles(settings, foundation),
        catalog=_catalog(foundation, catalog),
        importer=_importer(foundation, catalog, uploads.queue, files),
        uploads=uploads.queue,
    )


def _importer(
    foundation: Foundation, catalog: Catalog, uploads: Queue, files: FileSystem
) -> Function:
    archive, database = foundation.archive, catalog.database
    working_set = files.access_point("working-set", "/working-set", WORKER, WORKER)
    return Function(
        "importer",
        FunctionArgs(
            code="importer",
            environment={
                **_archive(archive),
                **database.environment("labsight_writer"),
                "LABSIGHT_SCRATCH_FOLDER": WORKING_SET,
                "LABSIGHT_SCRATCH_BYTES": str(WORKING_SET_BYTES),
                **LOGGING,
            },
            grants=(
                archive.read(SLIDES),
                archive.read(DERIVED),
                archive.write(DERIVED),
                archive.list(""),
                database.connect("labsight_writer"),
                working_set.mount(),
            ),
            # One slide at a time: a slow one must not use up the time of the others in its batch.
            source=QueueSource(queue=uploads, batch=1, concurrency=IMPORTERS),
            timeout_seconds=IMPORT_SECONDS,
            memory_mb=ONE_CPU_MB,
            platform=foundation.platform,
            mount=Mount(access_point=working_set, path=WORKING_SET),
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


def _tiles(settings: Settings, foundation: Foundation) -> Function:
    archive = foundation.archive
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
            platform=foundation.platform,
            reserve=TILE_COPIES,
        ),
    )


def _archive(archive: Archive) -> Mapping[str, Input[str]]:
    return {"LABSIGHT_ARCHIVE_BUCKET": archive.bucket}
