"""Every setting of a stack by its key, with the reader that checks it.

``Pulumi.yaml`` describes the same keys to people; a test holds the two together.
"""

from typing import get_args

from components.alarm import LONG_PERIOD, WEEK
from components.archive import ARCHIVE_TIER_AFTER, DEEP_TIER_AFTER
from components.image_repository import ECR_IMAGE, TAG
from components.lab_role import LONGEST_NAME
from stacks import settings as s
from stacks.reading import (
    Reader,
    block,
    blocks,
    choice,
    clock,
    days_or_never,
    matching,
    names,
    names_like,
    number,
    one_of,
    or_never,
    secret,
    truth,
    words,
)

NAMESPACE = "labsight"

# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
# fmt: off
RETENTION_DAYS = (
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731,
    1096, 1827, 2192, 2557, 2922, 3288, 3653,
)
# fmt: on
LOCK_DAYS = range(1, 36_501)
MOST_HOURS = WEEK // LONG_PERIOD
UPLOADER = "uploader"
LONGEST_SOURCE = LONGEST_NAME - len(f"{UPLOADER}-")  # a role is named after it
_INSTANCE = r"[a-z][a-z0-9-]*\.[a-z0-9-]+"
_DOMAIN = r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}"
_EMAIL = r"[^@\s<>]+@[^@\s<>]+\.[^@\s<>]+"
_IMAGE = rf"{TAG}|{ECR_IMAGE}"
_ANYTHING = r"(?s).+"  # what is in it may be a private key, and is not repeated
_URL = r"https://[^\s/]+(/\S*)?"

KEYS: dict[str, Reader] = {
    "profile": choice(*get_args(s.Profile)),
    "features": words(*get_args(s.Feature)),
    "teardown": truth,
    "showLabels": truth,
    "network.cidr": block,
    "network.avoid": blocks,
    "network.zones": names,
    "network.egress": choice(*get_args(s.Egress)),
    "archive.archiveAfterDays": days_or_never(ARCHIVE_TIER_AFTER, "S3's Archive Access tier"),
    "archive.deepArchiveAfterDays": days_or_never(DEEP_TIER_AFTER, "S3's Deep Archive Access tier"),
    "archive.objectLockDays": days_or_never(LOCK_DAYS, "S3 Object Lock, governance mode"),
    "database.engine": choice(*get_args(s.Engine)),
    "database.instanceClass": matching(r"db\." + _INSTANCE, "db.t4g.micro"),
    "database.storageGb": number(range(20, 65_537), "GB"),
    "database.backupDays": number(range(1, 36), "days"),
    "database.largestAcu": number(range(1, 257), "Aurora capacity units"),
    "functions.packages": matching(
        r"pypi|none|[./].*", "pypi, or a folder of wheels such as ./wheels"
    ),
    "functions.reservedConcurrency": truth,
    "slides.service": choice(*get_args(s.Service)),
    "slides.image": matching(
        _IMAGE,
        "2026.11, a tag in the stack's own repository, or an image's "
        "whole name in a repository of ECR, with a tag or a digest",
    ),
    "slides.cpu": one_of((1, 2, 4, 8), "a container has this many processors:"),
    "slides.tasks.min": number(range(1, 501), "containers"),
    "slides.tasks.max": number(range(1, 501), "containers"),
    "slides.direct": truth,
    "edge.domain": matching(_DOMAIN, "slides.example.org"),
    "edge.hostedZone": matching(
        r"Z[A-Z0-9]{4,31}", "Z0123456789ABCDEFGHIJ, the id of a Route 53 zone"
    ),
    "edge.publicKey": matching(
        r"-----BEGIN PUBLIC KEY-----[\sA-Za-z0-9+/=]+-----END PUBLIC KEY-----",
        "the PEM text that `labsight keys new` makes",
    ),
    "edge.signingKey": secret,
    "login.mfa": choice(*get_args(s.Mfa)),
    "login.emailFrom": matching(_EMAIL, "labsight@example.org, an address that SES has verified"),
    "login.providerName": matching(
        r"[A-Za-z][A-Za-z0-9-]{2,31}", "Hospital, 3 to 32 letters, digits and hyphens"
    ),
    "login.providerUrl": matching(_URL, "https://login.example.org"),
    "login.providerClientId": matching(r"\S+", "the client's id, without spaces"),
    "login.providerClientSecret": secret,
    "desktop.kind": choice(*get_args(s.DesktopKind)),
    "desktop.instanceType": matching(_INSTANCE, "t3.xlarge"),
    "desktop.diskGb": number(range(50, 16_385), "GB"),
    "desktop.access": choice(*get_args(s.DesktopAccess)),
    "desktop.keyPair": matching(r"[ -~]{1,255}", "the name of an EC2 key pair"),
    "desktop.idleMinutes": number(range(1441), "minutes, 0 for never"),
    "desktop.startAt": clock,
    "desktop.stopAt": or_never(clock),
    "desktop.days": matching(r"[A-Z]{3}([-,][A-Z]{3})*", "MON-FRI or MON,WED,FRI"),
    "desktop.timeZone": matching(r"[A-Za-z_]+(/[A-Za-z0-9_+-]+)*", "Europe/Berlin"),
    "gateway.instanceType": matching(_INSTANCE, "m5.xlarge"),
    "gateway.cacheGb": number(range(150, 65_537), "GB"),
    "gateway.timeZone": matching(r"GMT([+-]\d{1,2}:\d{2})?", "GMT+1:00"),
    "gateway.directoryDomain": matching(_DOMAIN, "ad.example.org"),
    "gateway.directoryUser": matching(
        r"[^\s\\@]{1,256}", "the name of a user that may join computers"
    ),
    "gateway.directoryPassword": secret,
    "sync.sources": names_like(
        rf"[a-z0-9][a-z0-9-]{{0,{LONGEST_SOURCE - 1}}}",
        f"scanner-1: lower-case letters, digits and hyphens, {LONGEST_SOURCE} at most",
    ),
    "sync.certificateAuthority": matching(_ANYTHING, "a certificate in PEM, or a file of it"),
    "operations.email": matching(_EMAIL, "lab@example.org"),
    "operations.monthlyBudgetUsd": number(range(1, 1_000_001), "dollars"),
    "operations.logDays": one_of(RETENTION_DAYS, "CloudWatch keeps logs for one of these days:"),
    "operations.silentHours": number(range(MOST_HOURS + 1), "hours, 0 for no such alarm"),
}

SECRETS = frozenset(key for key, reader in KEYS.items() if reader is secret)
