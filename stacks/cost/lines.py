"""Line items of a stack: what each setting and feature adds to a month's bill."""

from collections.abc import Iterator
from dataclasses import dataclass

from stacks.cost import workload as assumed
from stacks.cost.ageing import at_month
from stacks.cost.containers import containers, serve_tiles
from stacks.cost.machines import desktop, gateway, network
from stacks.cost.prices import Prices
from stacks.cost.workload import HOURS, Workload
from stacks.settings import Settings

KB_IN_GB = 1024 * 1024
MB_IN_GB = 1024
MILLION = 1_000_000

# What AWS gives to every account for good.
FREE_EDGE_GB = 1024
FREE_EDGE_REQUESTS = 10 * MILLION
FREE_USERS = 10_000
FREE_ALARMS = 10

SMALL_GB, ONE_CPU_GB = 1024 / 1024, 1769 / 1024  # memory of the functions
ALARMS_ALWAYS = 1
# As stacks/operations.py declares them; a demo has three fewer.
ALARMS = {"slides": 25, "gateway": 15, "desktop": 1}
# Of the two functions that serve tiles, and of containers in their place.
ALARMS_OF_TILES, ALARMS_OF_CONTAINERS = 5, 2
FIREWALL_RULES = 4  # components/firewall.py: three managed groups and a rate


@dataclass(frozen=True, kw_only=True)
class Line:
    """One item: what it is, the setting or feature that causes it, and $ a month.

    ``idle`` is the part of ``usd`` that is due when nobody does anything and nothing is stored.
    """

    name: str
    cause: str
    usd: float
    idle: float = 0.0


def lines(settings: Settings, work: Workload, prices: Prices, month: int) -> list[Line]:
    """Return the bill of a month (the first is 1), what is stored taken at the month's end."""
    found = [
        *_always(settings, prices),
        *(_slides(settings, work, prices, month) if settings.has("slides") else ()),
        *(
            Line(name=item.name, cause=item.cause, usd=item.fixed + item.used, idle=item.fixed)
            for part in (desktop, gateway, network, containers)
            for item in part(settings, work, prices)
        ),
    ]
    return [line for line in found if line.usd]


def _fixed(name: str, cause: str, usd: float) -> Line:
    return Line(name=name, cause=cause, usd=usd, idle=usd)


def _always(settings: Settings, prices: Prices) -> Iterator[Line]:
    """Return what every stack has: keys, alarms, the log of the network."""
    profile = f"profile {settings.profile}"
    keys = {"demo": 0, "lab": 1, "regulated": 2}[settings.profile]
    yield _fixed("own keys (KMS)", profile, keys * prices["kms.key"])
    count = ALARMS_ALWAYS + sum(ALARMS[feature] for feature in settings.features)
    if serve_tiles(settings):
        count += ALARMS_OF_CONTAINERS - ALARMS_OF_TILES
    if settings.operations.silent_hours:
        count += 1
    yield _fixed("alarms", "features", max(0, count - FREE_ALARMS) * prices["cloudwatch.alarm"])
    flow = assumed.FLOW_LOG_GB * prices["logs.gb"]
    yield _fixed("flow logs of the network", "network", flow)
    if settings.edge.domain:
        yield _fixed("DNS zone", "edge.domain", prices["dns.zone"])


def _slides(settings: Settings, work: Workload, prices: Prices, month: int) -> Iterator[Line]:
    yield from _archive(settings, work, prices, month)
    yield from _database(settings, work, prices)
    yield from _functions(settings, work, prices)
    yield from _edge(settings, work, prices)
    yield from _records(settings, work, prices, month)
    secrets = 2  # the database's master password, the key that signs cookies
    yield _fixed("secrets of the web platform", "slides", secrets * prices["secrets.secret"])
    files = work.working_set_gb
    yield Line(name="EFS working set", cause="slides", usd=files * prices["efs.standard"])
    yield Line(name="EFS backup", cause="slides", usd=files * prices["backup.efs"])


def _archive(settings: Settings, work: Workload, prices: Prices, month: int) -> Iterator[Line]:
    archive = settings.archive
    stored = work.slides * work.gb
    tiers = at_month(
        month,
        archive_after=archive.archive_after_days,
        deep_after=archive.deep_archive_after_days,
    )
    causes = {"archive": "archive.archiveAfterDays", "deep": "archive.deepArchiveAfterDays"}
    for tier, months in tiers.items():
        cause = causes.get(tier, "slides")
        yield Line(
            name=f"S3 slides, {tier} tier", cause=cause, usd=stored * months * prices[f"s3.{tier}"]
        )
    slides = work.slides * month
    small = slides * assumed.DERIVED_MB / MB_IN_GB
    yield Line(name="S3 derived images", cause="slides", usd=small * prices["s3.frequent"])
    yield Line(
        name="S3 tiering, monitored objects",
        cause="slides",
        usd=slides / 1000 * prices["s3.monitoring"],
    )
    parts = work.gb * MB_IN_GB / assumed.PART_MB + 2  # and one each to begin and to complete
    puts = work.slides * (parts + assumed.DERIVED_OBJECTS)
    gets = work.tile_requests + work.slides * assumed.IMPORT_READS
    yield Line(name="S3 requests, writing", cause="slides", usd=puts / 1000 * prices["s3.put"])
    yield Line(name="S3 requests, reading", cause="slides", usd=gets / 1000 * prices["s3.get"])


def _database(settings: Settings, work: Workload, prices: Prices) -> Iterator[Line]:
    database = settings.database
    zones = 2 if settings.regulated else 1
    zoned = f"database.engine, profile {settings.profile}"
    if database.engine == "aurora":
        # Paused it costs its storage; awake, half a unit is the least.
        awake = zones * work.awake_hours * 0.5 * prices["aurora.acu"]
        yield Line(name="database capacity (Aurora)", cause=zoned, usd=awake)
        yield _fixed(
            "database storage",
            "database.engine",
            assumed.DATABASE_GB * prices["aurora.storage"],
        )
        yield Line(
            name="database requests",
            cause="database.engine",
            usd=work.calls * 10 / MILLION * prices["aurora.io"],
        )
        return
    hourly = prices.of_type("rds", database.instance_class, "database.instanceClass")
    name = f"database {database.instance_class}" + (" in two zones" if zones > 1 else "")
    cause = f"database.instanceClass, profile {settings.profile}"
    yield _fixed(name, cause, zones * HOURS * hourly)
    yield _fixed(
        "database storage",
        "database.storageGb",
        zones * database.storage_gb * prices["rds.storage"],
    )
    yield _fixed(
        "database monitoring", "slides", assumed.ENHANCED_MONITORING_GB * prices["logs.gb"]
    )


def _functions(settings: Settings, work: Workload, prices: Prices) -> Iterator[Line]:
    tiles = 0 if serve_tiles(settings) else work.tile_requests
    runs = (
        ("tiles", tiles, assumed.TILE_SECONDS, ONE_CPU_GB),
        ("importer", work.slides, assumed.IMPORT_SECONDS, ONE_CPU_GB),
        ("catalog and login", work.calls, assumed.CALL_SECONDS, SMALL_GB),
    )
    for name, calls, seconds, memory in runs:
        usd = (
            calls / MILLION * prices["lambda.requests"]
            + calls * seconds * memory * prices["lambda.gb_second"]
        )
        yield Line(name=f"functions, {name}", cause="slides", usd=usd)
    yield Line(name="HTTP API", cause="slides", usd=work.calls / MILLION * prices["api.requests"])


def _edge(settings: Settings, work: Workload, prices: Prices) -> Iterator[Line]:
    requests = work.tile_requests + work.calls
    sent = work.tile_requests * assumed.TILE_KB / KB_IN_GB
    over_gb, over = max(0.0, sent - FREE_EDGE_GB), max(0.0, requests - FREE_EDGE_REQUESTS)
    usd = over_gb * prices["cloudfront.gb"] + over / 10_000 * prices["cloudfront.requests"]
    yield Line(name="CloudFront over its free share", cause="slides", usd=usd)
    if settings.regulated:
        fixed = prices["waf.acl"] + FIREWALL_RULES * prices["waf.rule"]
        yield Line(
            name="firewall (WAF)",
            cause="profile regulated",
            usd=fixed + requests / MILLION * prices["waf.requests"],
            idle=fixed,
        )
    over_users = max(0, work.users - FREE_USERS)
    yield Line(
        name="users over the free 10,000 (Cognito)",
        cause="slides",
        usd=over_users * prices["cognito.user"],
    )


def _records(settings: Settings, work: Workload, prices: Prices, month: int) -> Iterator[Line]:
    """Return logs, their keeping, and, where they are recorded, the reads of each image."""
    taken = (work.tile_requests + work.calls + work.slides) * assumed.LOG_KB / KB_IN_GB
    kept_months = min(month, settings.operations.log_days / assumed.MONTH_DAYS)
    yield Line(name="logs, taken in", cause="slides", usd=taken * prices["logs.gb"])
    yield Line(
        name="logs, kept",
        cause="operations.logDays",
        usd=taken * kept_months * prices["logs.kept"],
    )
    yield _fixed("metric of failed imports", "slides", prices["cloudwatch.metric"])
    if settings.regulated:
        events = work.tile_requests + work.slides * (assumed.IMPORT_READS + assumed.DERIVED_OBJECTS)
        usd = events / 100_000 * prices["cloudtrail.data"]
        usd += events * assumed.EVENT_KB / KB_IN_GB * prices["logs.gb"]
        yield Line(name="trail of each image", cause="profile regulated", usd=usd)
        # Each object is encrypted with the own key; a bucket key saves nearly all of the calls.
        calls = (work.tile_requests + work.slides) / 100
        yield Line(
            name="requests to own keys",
            cause="profile regulated",
            usd=calls / 10_000 * prices["kms.requests"],
        )
