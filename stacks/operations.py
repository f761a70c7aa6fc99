"""What tells people how the stack is: alarms, a dashboard, a budget, copies, a record of reads."""

from dataclasses import dataclass

import pulumi

from components import watches
from components.alarm import Alarms, AlarmsArgs, Watch
from components.backup import Backup, BackupArgs
from components.budget import Budget, BudgetArgs
from components.dashboard import Dashboard, Shown
from components.function import Function
from components.log_count import FAILED_IMPORT, LogCount, LogCountArgs
from components.place import Place
from components.queue import Queue
from components.tile_service import TileService
from components.topic import Topic, TopicArgs
from components.trail import Trail, TrailArgs
from stacks.catalog import Catalog
from stacks.checks import STACK_TAG
from stacks.desktop import Desktop
from stacks.foundation import Foundation
from stacks.settings import Settings
from stacks.slides import Slides
from stacks.tiles import Tiles
from stacks.viewer import Viewer

# Longer than any day at work.
LEFT_ON_HOURS = 14
BACKUP_DAYS = 35


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What the stack is made of, as far as its features go."""

    foundation: Foundation
    catalog: Catalog | None = None
    slides: Slides | None = None
    viewer: Viewer | None = None
    desktop: Desktop | None = None

    def functions(self) -> dict[str, Function]:
        """Return every function by the name that people know it by."""
        found: dict[str, Function] = {}
        if self.catalog:
            found |= self.catalog.functions
        if self.slides:
            found |= {
                "importer": self.slides.importer,
                "catalog": self.slides.catalog,
                **self.slides.tiles.functions,
            }
        if self.viewer:
            found["session"] = self.viewer.session
        if self.desktop and self.desktop.gateway:
            found |= self.desktop.gateway.functions
        if self.desktop and self.desktop.power:
            found["gateway-power"] = self.desktop.power.function
        return found

    def queues(self) -> dict[str, Queue]:
        """Return the queues whose dead letters are watched."""
        found = {"uploads": self.slides.uploads} if self.slides else {}
        if self.desktop and self.desktop.gateway:
            found["share-refresh"] = self.desktop.gateway.refresh.queue
        if self.desktop and self.desktop.power:
            found["gateway-power"] = self.desktop.power.queue
        return found


@dataclass(frozen=True, kw_only=True)
class Operations:
    """What may outlive the stack."""

    backup: Backup | None
    trail: Trail | None


def build(settings: Settings, parts: Parts) -> Operations:
    """Declare the operations of whatever the stack has."""
    foundation = parts.foundation
    topic = _topic("alarms", settings, foundation, foundation.place)
    failed = _failed_imports(parts.slides) if parts.slides else None
    backup = _backup(settings, parts)
    watched = _watches(settings, parts, failed)
    if backup:
        watched += watches.of_backup(backup.vault_name)
    if parts.viewer:
        watched += _of_edge(settings, parts.viewer, foundation)
    Alarms("alarm", AlarmsArgs(topic=topic, watches=watched))
    Dashboard("dashboard", _shown(parts, failed))
    Budget(
        "budget",
        BudgetArgs(
            monthly_usd=settings.operations.monthly_budget_usd,
            tag=(STACK_TAG, pulumi.get_stack()),
            topic_arn=topic.arn,
        ),
    )
    return Operations(backup=backup, trail=_trail(settings, foundation))


def _backup(settings: Settings, parts: Parts) -> Backup | None:
    if parts.slides is None or settings.profile == "demo":
        return None
    return Backup(
        "copies",
        BackupArgs(
            resources=(parts.slides.files.arn,),
            days=BACKUP_DAYS,
            kept=settings.kept,
            key=parts.foundation.data_key,
        ),
    )


def _trail(settings: Settings, foundation: Foundation) -> Trail | None:
    if foundation.data_key is None:
        return None
    return Trail(
        "reads",
        TrailArgs(
            place=foundation.place,
            buckets=(foundation.archive.arn,),
            log_days=settings.operations.log_days,
            key=foundation.data_key,
            kept=settings.kept,
        ),
    )


def _topic(name: str, settings: Settings, foundation: Foundation, place: Place) -> Topic:
    # A key is of its region, as is a topic.
    key = foundation.key if place == foundation.place else None
    return Topic(name, TopicArgs(place=place, key=key, email=settings.operations.email))


def _failed_imports(slides: Slides) -> LogCount:
    return LogCount(
        "failed-imports",
        LogCountArgs(log_group=slides.importer.log_group, pattern=FAILED_IMPORT),
    )


def _watches(settings: Settings, parts: Parts, failed: LogCount | None) -> tuple[Watch, ...]:
    found: list[Watch] = [
        *watches.of_dead_letters("functions", parts.foundation.platform.failures.queue_name)
    ]
    for label, function in parts.functions().items():
        found += watches.of_function(label, function.function_name)
    for label, queue in parts.queues().items():
        found += watches.of_dead_letters(label, queue.dead_letters_name)
    if failed:
        found += watches.of_imports(failed)
    silent_hours = settings.operations.silent_hours
    if parts.slides and silent_hours:
        found += watches.of_silence(parts.slides.uploads.name, hours=silent_hours)
    if parts.slides:
        found += _of_tiles(parts.slides.tiles)
    if parts.catalog:
        found += _of_database(settings, parts.catalog)
    if parts.viewer:
        found += watches.of_api(parts.viewer.api.id)
    if parts.desktop:
        found += _of_desktop(parts.desktop)
    return tuple(found)


def _of_tiles(tiles: Tiles) -> tuple[Watch, ...]:
    if isinstance(tiles.origin, TileService):
        return watches.of_balancer("tiles", tiles.origin.balancer.dimensions)
    return watches.of_function_url("tiles", tiles.origin.function_name)


def _of_database(settings: Settings, catalog: Catalog) -> tuple[Watch, ...]:
    database = catalog.database
    if database.serverless:
        return watches.of_aurora(database.identifier)
    return watches.of_postgres(
        database.identifier,
        storage_gb=settings.database.storage_gb,
        memory_gb=watches.memory_of(settings.database.instance_class),
    )


def _of_desktop(desktop: Desktop) -> tuple[Watch, ...]:
    found = watches.of_instance(desktop.workstation.instance_id, hours=LEFT_ON_HOURS)
    gateway = desktop.gateway
    if gateway is None:
        return found
    return (
        *found,
        *watches.of_instance(gateway.appliance.id, hours=LEFT_ON_HOURS, label="gateway"),
        *watches.of_gateway(gateway.gateway_id, gateway.gateway_name),
    )


def _of_edge(settings: Settings, viewer: Viewer, foundation: Foundation) -> tuple[Watch, ...]:
    """Watch CloudFront in the region that its figures are in, with a topic there if need be.

    Return what is to be watched from this region: all of it, where this is that region.
    """
    found = watches.of_edge(viewer.distribution.distribution_id)
    edge = Place(account=foundation.place.account, region=watches.EDGE_REGION)
    if edge == foundation.place:
        return found
    topic = _topic("edge-alarms", settings, foundation, edge)
    Alarms("edge-alarm", AlarmsArgs(topic=topic, watches=found))
    return ()


def _shown(parts: Parts, failed: LogCount | None) -> Shown:
    foundation, desktop = parts.foundation, parts.desktop
    database = parts.catalog.database if parts.catalog else None
    gateway = desktop.gateway if desktop else None
    functions = {label: one.function_name for label, one in parts.functions().items()}
    return Shown(
        region=foundation.place.region,
        functions=functions or None,
        dead_letters={
            "functions": foundation.platform.failures.queue_name,
            **{label: one.dead_letters_name for label, one in parts.queues().items()},
        },
        api_id=parts.viewer.api.id if parts.viewer else None,
        distribution_id=parts.viewer.distribution.distribution_id if parts.viewer else None,
        database=database.identifier if database and not database.serverless else None,
        cluster=database.identifier if database and database.serverless else None,
        gateway=(gateway.gateway_id, gateway.gateway_name) if gateway else None,
        desktop=desktop.workstation.instance_id if desktop else None,
        archive=foundation.archive.bucket,
        failed_imports=(failed.namespace, failed.metric) if failed else None,
    )
