"""What serves tiles: two functions, or containers that do the work of both."""

from collections.abc import Mapping
from dataclasses import dataclass

from pulumi import Input, Output

from components import image_repository, tile_service
from components.filesystem import AccessPoint, FileSystem
from components.function import Function, FunctionArgs, Inside, Mount
from components.iam import Grant
from components.image_repository import ImageRepository, ImageRepositoryArgs
from components.queue import Queue
from components.security_group import SecurityGroup, SecurityGroupArgs
from components.tile_service import TileService, TileServiceArgs
from labsight.keys import DERIVED, MADE, SLIDES
from stacks.catalog import LOGGING
from stacks.foundation import Foundation
from stacks.settings import Settings

# How many copies each may run, where the account has enough to share out.
TILE_COPIES, FILE_COPIES = 100, 20
ANSWER_SECONDS = 29
# Copying a slide goes on when who asked for it has stopped waiting, so that the next finds it.
FILE_SECONDS = 300

# 1,769 MB come with one whole processor: https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
ONE_CPU_MB = 1769
WORKING_SET = "/mnt/working-set"
# Room for copies of slides that only OpenSlide reads, of all who read and import them together.
WORKING_SET_BYTES = 200 * 1024**3
COPIES: Mapping[str, Input[str]] = {
    "LABSIGHT_SCRATCH_FOLDER": WORKING_SET,
    "LABSIGHT_SCRATCH_BYTES": str(WORKING_SET_BYTES),
}


@dataclass(frozen=True, kw_only=True)
class Tiles:
    """Who answers at the edge, and the parts to watch.

    ``functions`` by the name that people know them by. ``images`` is where the containers' image is
    pushed to.
    """

    origin: Function | TileService
    functions: dict[str, Function]
    images: Output[str] | None = None


def build(
    settings: Settings,
    foundation: Foundation,
    files: FileSystem,
    copies: AccessPoint,
    uploads: Queue,
) -> Tiles:
    """Declare what serves tiles; containers once there is an image for them.

    Functions ask for slides to be imported again, whose index is old, by ``uploads``. Containers
    have no way out to it where the network does not lead out.
    """
    if not settings.contains:
        return _functions(settings, foundation, files, copies, uploads)
    named = settings.slides.image or ""
    own = None if "/" in named else _repository(foundation)
    url = own.url if own else None
    if not named:
        functions = _functions(settings, foundation, files, copies, uploads)
        return Tiles(origin=functions.origin, functions=functions.functions, images=url)
    service = _service(settings, foundation, files, copies, own)
    return Tiles(origin=service, functions={}, images=url)


def _functions(
    settings: Settings,
    foundation: Foundation,
    files: FileSystem,
    copies: AccessPoint,
    uploads: Queue,
) -> Tiles:
    slide_files = Function(
        "slide-files",
        FunctionArgs(
            code="slide_files",
            environment={**_environment(settings, foundation), **COPIES},
            grants=_archive(settings, foundation),
            timeout_seconds=FILE_SECONDS,
            memory_mb=ONE_CPU_MB,
            platform=foundation.platform,
            mount=Mount(access_point=copies, path=WORKING_SET),
            inside=_inside(foundation, files),
            reserve=FILE_COPIES,
        ),
    )
    tiles = Function(
        "tiles",
        FunctionArgs(
            code="tiles",
            environment={
                **_environment(settings, foundation),
                "LABSIGHT_FILE_FUNCTION": slide_files.function_name,
                "LABSIGHT_UPLOADS_QUEUE": uploads.url,
                "LABSIGHT_SCRATCH_BYTES": "0",  # what would have to be copied goes to the other one
            },
            grants=(*_archive(settings, foundation), slide_files.invoke(), uploads.send()),
            timeout_seconds=ANSWER_SECONDS,
            memory_mb=ONE_CPU_MB,
            platform=foundation.platform,
            reserve=TILE_COPIES,
        ),
    )
    return Tiles(origin=tiles, functions={"tiles": tiles, "slide-files": slide_files})


def _inside(foundation: Foundation, files: FileSystem) -> Inside:
    """Return a place in the VPC from which archive and files are reached, and nothing else."""
    group = SecurityGroup(
        "file-functions",
        SecurityGroupArgs(
            network=foundation.network, description="Functions that read slides as files"
        ),
    )
    group.reach_s3("Functions to the archive")
    files.accept(group, "Functions to copies of slides")
    return Inside(subnets=foundation.network.private_subnets, group=group)


def _repository(foundation: Foundation) -> ImageRepository:
    return ImageRepository("tiles", ImageRepositoryArgs(key=foundation.key))


def _service(
    settings: Settings,
    foundation: Foundation,
    files: FileSystem,
    copies: AccessPoint,
    own: ImageRepository | None,
) -> TileService:
    slides = settings.slides
    named = slides.image or ""
    service = TileService(
        "tiles",
        TileServiceArgs(
            network=foundation.network,
            place=foundation.place,
            image=own.image(named) if own else image_repository.elsewhere(named),
            environment={
                **_environment(settings, foundation),
                **COPIES,
                "AWS_REGION": foundation.place.region,
            },
            grants=_archive(settings, foundation),
            copies=copies,
            copies_path=WORKING_SET,
            log_days=foundation.platform.log_days,
            cpu=slides.cpu,
            fewest=slides.tasks.min,
            most=slides.tasks.max,
            key=foundation.key,
        ),
    )
    files.accept(service.group, "Containers to copies of slides")
    _lead_out(foundation, service.group)
    return service


def _lead_out(foundation: Foundation, group: SecurityGroup) -> None:
    """Let the containers' platform fetch their image and write their log."""
    if foundation.network.leads_out:
        group.reach_anywhere(443, "Containers to their image and log")
        return
    for service in tile_service.SERVICES:
        foundation.endpoints.of(service).allow(group)


def _archive(settings: Settings, foundation: Foundation) -> tuple[Grant, ...]:
    """Allow reading what scanners and the importer wrote, and keeping tiles that were made."""
    archive = foundation.archive
    reading = (archive.read(SLIDES), archive.read(DERIVED), archive.list(""))
    return (*reading, archive.read(MADE), archive.write(MADE)) if _keeps(settings) else reading


def _environment(settings: Settings, foundation: Foundation) -> Mapping[str, Input[str]]:
    return {
        "LABSIGHT_ARCHIVE_BUCKET": foundation.archive.bucket,
        "LABSIGHT_SHOW_LABELS": str(settings.show_labels).lower(),
        "LABSIGHT_KEEP_TILES": str(_keeps(settings)).lower(),
        "LABSIGHT_DIRECT": str(settings.slides.direct).lower(),
        **LOGGING,
    }


def _keeps(settings: Settings) -> bool:
    """Whether made tiles are kept in the archive: not where nothing in it may be deleted."""
    return settings.archive.object_lock_days is None
