"""What everything else stands on: keys, the archive, the network, what functions share."""

from dataclasses import dataclass

from components import session_manager, tile_service, workstation_linux
from components.archive import Archive, ArchiveArgs
from components.egress import Egress, EgressArgs
from components.encryption import Key, KeyArgs
from components.endpoint import Endpoints
from components.failures import Failures, FailuresArgs
from components.function import FunctionPlatform
from components.network import Network, NetworkArgs
from components.packages import Packages, PackagesArgs
from components.place import Place, here
from labsight.keys import DERIVED, MADE, SLIDES, TOOLS, WORK
from stacks.settings import Settings

# A secret that was deleted by mistake can be brought back so long; in a stack that leaves nothing
# behind it goes at once, or a second stack of that name would find its name taken.
SECRET_DAYS = 30
MADE_DAYS = 30  # for which a tile that had to be made is kept; then it is made again if asked for
# What a workstation reaches with the egress "endpoints": its secrets, and Systems Manager.
SERVICES = ("secretsmanager", *session_manager.SERVICES)


@dataclass(frozen=True, kw_only=True)
class Foundation:
    """What the other stacks build upon.

    ``key`` encrypts what ends with the stack (logs, topics, secrets, environments), ``data_key``
    what may outlive it (images, the database, files); without one, AWS's own keys do.
    """

    place: Place
    key: Key | None
    data_key: Key | None
    archive: Archive
    network: Network
    endpoints: Endpoints
    egress: Egress
    platform: FunctionPlatform
    secret_days: int


def build(settings: Settings) -> Foundation:
    """Declare the foundation."""
    place = here()
    key, data_key = _keys(settings, place)
    log_days = settings.operations.log_days
    archive = Archive(
        "archive",
        ArchiveArgs(
            write_once=SLIDES,
            remade=(DERIVED, WORK, TOOLS),
            passing={MADE: MADE_DAYS},
            log_days=log_days,
            archive_after_days=settings.archive.archive_after_days,
            deep_archive_after_days=settings.archive.deep_archive_after_days,
            object_lock_days=settings.archive.object_lock_days,
            kept=settings.kept,
            key=data_key,
        ),
    )
    network = Network(
        "network",
        NetworkArgs(
            cidr=settings.network.cidr,
            zones=settings.network.zones,
            place=place,
            egress=settings.network.egress,
            attached=settings.contains,
            log_days=log_days,
            key=key,
            buckets=(archive.arn,),
            foreign_buckets=_foreign_buckets(settings, place),
        ),
    )
    endpoints = Endpoints(network)
    return Foundation(
        place=place,
        key=key,
        data_key=data_key,
        archive=archive,
        network=network,
        endpoints=endpoints,
        egress=_egress(settings, network, endpoints),
        platform=FunctionPlatform(
            packages=Packages("packages", PackagesArgs(source=settings.functions.packages)),
            failures=Failures("failures", FailuresArgs(place=place)),
            log_days=log_days,
            key=key,
            reserved=settings.functions.reserved_concurrency,
        ),
        secret_days=SECRET_DAYS if settings.kept else 0,
    )


def _egress(settings: Settings, network: Network, endpoints: Endpoints) -> Egress:
    desktop = SERVICES if settings.has("desktop") else ()
    containers = tile_service.SERVICES if settings.contains else ()
    args = EgressArgs(
        network=network,
        endpoints=endpoints,
        services=(*desktop, *containers) if settings.network.egress == "endpoints" else (),
        each_zone=settings.regulated,
    )
    return Egress("egress", args)


def _foreign_buckets(settings: Settings, place: Place) -> tuple[str, ...]:
    """Return the buckets of AWS that a Linux workstation and containers take software from."""
    linux = settings.has("desktop") and settings.desktop.kind == "linux-dcv"
    return (
        *(workstation_linux.foreign_buckets(place.region) if linux else ()),
        *((tile_service.layer_bucket(place.region),) if settings.contains else ()),
    )


def _keys(settings: Settings, place: Place) -> tuple[Key | None, Key | None]:
    """Return the keys that the profile wants: none, one for what ends with the stack, or two."""
    if settings.profile == "demo":
        return None, None
    key = Key(
        "operations",
        KeyArgs(
            description="labsight: logs, topics, secrets and function environments",
            place=place,
            services=(
                f"logs.{place.region}.amazonaws.com",
                "cloudwatch.amazonaws.com",
                "events.amazonaws.com",
                "budgets.amazonaws.com",
            ),
            kept=False,
        ),
    )
    if not settings.regulated:
        return key, None
    data_key = Key(
        "data",
        KeyArgs(
            description="labsight: images, catalog, files and the record of who read them",
            place=place,
            services=(f"logs.{place.region}.amazonaws.com", "cloudtrail.amazonaws.com"),
            kept=settings.kept,
        ),
    )
    return key, data_key
