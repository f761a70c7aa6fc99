"""Settings that are each right and cannot be had together, or not here, or not yet."""

from collections.abc import Callable, Iterator, Mapping

from components.appliance import check_appliance
from components.certificate_authority import AuthorityArgs
from components.cidr import refuse_overlap, vpc_block
from components.gateway import check_time_zone
from components.identity_provider import Provider
from components.packages import PackagesArgs
from components.timetable import Timetable
from components.workstation_args import check_machine
from stacks.keys import NAMESPACE
from stacks.settings import Settings

FEWEST_ZONES = 2  # a database's subnet group takes no fewer
LEAST_REGULATED_LOG_DAYS = 365
STACK_TAG = "stack"


def contradictions(settings: Settings) -> list[str]:
    """Return a sentence for each pair of settings that exclude each other."""
    found = [
        *_addresses(settings),
        *_features(settings),
        *_egress(settings),
        *_service(settings),
        *_archive(settings),
        *_edge(settings),
        *_login(settings),
        *_sync(settings),
        *_of_components(settings),
    ]
    if settings.regulated and settings.operations.log_days < LEAST_REGULATED_LOG_DAYS:
        found.append(
            f"{_key('operations.logDays')} is {settings.operations.log_days}: the profile "
            f"regulated keeps logs for {LEAST_REGULATED_LOG_DAYS} days or longer"
        )
    return found


def missing_for_deployment(settings: Settings, zones: tuple[str, ...]) -> list[str]:
    """Return what a deployment needs beyond settings that fit together; ``zones``: the region's."""
    found = list(_network(settings, zones))
    if settings.has("slides"):
        absent = [
            key
            for key, value in (
                ("edge.publicKey", settings.edge.public_key),
                ("edge.signingKey", settings.edge.signing_key),
            )
            if value is None
        ]
        found += [
            f"{_key(key)} is not set: the key pair that signs a viewer's cookies; make it once for "
            "each stack with: labsight keys new --run"
            for key in absent
        ]
    return found


def untagged(tags: Mapping[str, str], stack: str) -> list[str]:
    """Return what is wrong with the tags by which the budget and the bill know a stack."""
    if tags.get(STACK_TAG) == stack:
        return []
    command = f"pulumi config set --path 'aws:defaultTags.tags.{STACK_TAG}' {stack}"
    return [
        (
            f"aws:defaultTags has no tag {STACK_TAG!r} with this stack's name, by which the "
            f"budget and the bill tell stacks apart; set it with: {command}"
        )
    ]


def zones_of(settings: Settings, zones: tuple[str, ...]) -> tuple[str, ...]:
    """Return the zones to use: those that are set, else the region's first two."""
    return settings.network.zones or tuple(sorted(zones)[:FEWEST_ZONES])


def _key(key: str) -> str:
    return f"{NAMESPACE}:{key}"


def _features(settings: Settings) -> Iterator[str]:
    windows = settings.desktop.kind == "windows"
    if settings.has("gateway") and not (settings.has("desktop") and windows):
        yield (
            f"{_key('features')} has gateway without a Windows desktop: its shares are reachable "
            "from the workstation alone. Add desktop (with desktop.kind windows), or leave "
            "gateway out"
        )
    if settings.has("desktop") and windows and not settings.has("gateway"):
        yield (
            f"{_key('features')} has desktop without gateway: a Windows workstation sees the "
            "archive through the file gateway only. Add gateway, or set desktop.kind linux-dcv, "
            "which mounts the archive itself"
        )


def _egress(settings: Settings) -> Iterator[str]:
    used = settings.has("desktop") or settings.contains
    if settings.network.egress != "none" and not used:
        yield (
            f"{_key('network.egress')} is {settings.network.egress!r}, billed by the hour, and "
            "nothing in this stack would use it: functions and database need no way out. Set it "
            "to none, or add the feature desktop"
        )


def _service(settings: Settings) -> Iterator[str]:
    slides = settings.slides
    if slides.image and slides.service != "container":
        yield (
            f"{_key('slides.image')} is {slides.image!r}, and slides.service is 'function', which "
            "runs no image: set slides.service to container, or take the image out"
        )
    if slides.tasks.min > slides.tasks.max:
        yield (
            f"{_key('slides.tasks.min')} is {slides.tasks.min}, more than slides.tasks.max "
            f"({slides.tasks.max})"
        )
    if not settings.contains:
        return
    if settings.network.egress == "none":
        yield (
            f"{_key('slides.service')} is 'container' with network.egress none: a container "
            "fetches its image and writes its log over the network. Set network.egress to "
            "endpoints, nat-instance or nat-gateway"
        )
    if settings.regulated:
        yield (
            f"{_key('slides.service')} is 'container' with the profile regulated: between the "
            "edge and the containers tiles travel inside the network without TLS. Set it to "
            "function"
        )


def _archive(settings: Settings) -> Iterator[str]:
    archive = settings.archive
    first, deep = archive.archive_after_days, archive.deep_archive_after_days
    if first is not None and deep is not None and deep <= first:
        yield (
            f"{_key('archive.deepArchiveAfterDays')} is {deep}: it has to be more than "
            f"archive.archiveAfterDays ({first}), since objects pass through that tier first"
        )
    if archive.object_lock_days is not None and not settings.regulated:
        yield (
            f"{_key('archive.objectLockDays')} is {archive.object_lock_days}: object lock goes "
            "with the profile regulated alone; set it to 0, or the profile"
        )


def _edge(settings: Settings) -> Iterator[str]:
    edge = settings.edge
    if edge.hosted_zone and not edge.domain:
        yield (
            f"{_key('edge.hostedZone')} is {edge.hosted_zone!r} without edge.domain: a certificate "
            "needs the name it is for, such as slides.example.org"
        )
    if edge.domain and not edge.hosted_zone:
        yield (
            f"{_key('edge.domain')} is {edge.domain!r} without edge.hostedZone: the id of the "
            "Route 53 zone in which the name is proved and published"
        )


def _login(settings: Settings) -> Iterator[str]:
    if settings.regulated and settings.login.mfa != "required":
        yield f"{_key('login.mfa')} is 'optional': the profile regulated takes only required"


def _sync(settings: Settings) -> Iterator[str]:
    if settings.sync.certificate_authority and not settings.sync.sources:
        yield (
            f"{_key('sync.certificateAuthority')} is set without sync.sources: a certificate opens "
            "the role of the source that it is issued to. Name the sources, such as "
            '["scanner-1"]'
        )
    if settings.operations.silent_hours and not settings.has("slides"):
        yield (
            f"{_key('operations.silentHours')} is {settings.operations.silent_hours} without the "
            "feature slides: its import counts what is sent. Set it to 0, or add slides"
        )


def _of_components(settings: Settings) -> Iterator[str]:
    """Ask the components, whose refusals name the settings."""
    desktop, gateway, provider = settings.desktop, settings.gateway, settings.login.provider
    authority = settings.sync.certificate_authority
    asked: list[Callable[[], object]] = [
        lambda: Timetable(
            start_at=desktop.start_at,
            stop_at=desktop.stop_at,
            days=desktop.days,
            time_zone=desktop.time_zone,
        ),
        lambda: check_machine(
            kind=desktop.kind,
            access=desktop.access,
            disk_gb=desktop.disk_gb,
            idle_minutes=desktop.idle_minutes,
            instance_type=desktop.instance_type,
        ),
        lambda: check_appliance(gateway.instance_type, gateway.cache_gb),
        lambda: check_time_zone(gateway.time_zone),
        lambda: PackagesArgs(source=settings.functions.packages),
    ]
    if authority:
        asked.append(lambda: AuthorityArgs(source=authority))
    if provider:
        asked.append(
            lambda: Provider(
                name=provider.name,
                url=provider.url,
                client_id=provider.client_id,
                client_secret=provider.client_secret.value if provider.client_secret else None,
            )
        )
    for ask in asked:
        try:
            ask()
        except ValueError as error:
            yield _key(str(error))


def _network(settings: Settings, zones: tuple[str, ...]) -> Iterator[str]:
    unknown = [zone for zone in settings.network.zones if zone not in zones]
    if unknown:
        yield (
            f"{_key('network.zones')} has {unknown[0]!r}, which this region does not have for this "
            f"account: use some of {', '.join(sorted(zones))}"
        )
        return
    chosen = zones_of(settings, zones)
    if len(chosen) < FEWEST_ZONES:
        yield f"{_key('network.zones')} has {len(chosen)} zone: the database needs two or more"
        return


def _addresses(settings: Settings) -> Iterator[str]:
    network = settings.network
    avoided = {f"network.avoid[{n}]": block for n, block in enumerate(network.avoid)}
    try:
        vpc_block(network.cidr)
        for other, block in avoided.items():
            refuse_overlap({"network.cidr": network.cidr, other: block})
    except ValueError as error:
        yield _key(str(error))
