"""The way to an archive, and to the journal about it, for somebody who looks at both."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from labsight.errors import InvalidInput, LabsightError, SettingsError
from labsight.keys import SLIDES
from labsight_lab.sync.checking.asking import Asker, ListingAsker
from labsight_lab.sync.journal.journal import Journal
from labsight_lab.sync.sending.archive import Denied
from labsight_lab.sync.target import Target

if TYPE_CHECKING:
    from labsight.objects.s3_http import HttpS3Store

Connect = Callable[[Target, int], Asker]  # for so many threads

_log = logging.getLogger("labsight.objects")


def open_journal(target: Target) -> Journal:
    """Open the journal of a folder; raise InvalidInput when nothing was ever sent from it."""
    if not target.journal_file.exists():
        raise InvalidInput(
            f"nothing was sent from {target.folder} to {target.bucket} as {target.source}: there "
            f"is no journal {target.journal_file}. Is it another one (--journal)? To send: "
            "`labsight sync`"
        )
    return Journal(target.journal_file, target.identity)


def open_asker(target: Target, connections: int) -> Asker:
    """Return whom to ask about objects; raise SettingsError on a machine without credentials."""
    from labsight.objects.s3_errors import AccessDenied  # noqa: PLC0415 - the lab extra
    from labsight_lab.sync.sending.s3 import reader  # noqa: PLC0415

    where = {"profile": target.profile, "region": target.region, "endpoint": target.endpoint}
    stores: list[HttpS3Store] = []

    def is_listed(key: str) -> bool:
        if not stores:
            stores.append(open_store(target.bucket, **where))
        try:
            return any(one.key == key for one in stores[0].walk(key))
        except AccessDenied:
            return True  # for all that may be known

    return ListingAsker(reader(target.bucket, connections=connections, **where), is_listed)


def open_store(
    bucket: str, *, profile: str | None, region: str | None, endpoint: str | None
) -> "HttpS3Store":
    """Return a bucket's objects, wherever it is; raise SettingsError without credentials."""
    from labsight.objects.s3_errors import WrongRegion  # noqa: PLC0415 - the lab extra
    from labsight.objects.s3_http import HttpS3Store  # noqa: PLC0415
    from labsight_lab.sync.sending.credentials import find  # noqa: PLC0415

    _log.addHandler(logging.NullHandler())  # what it would log is told as an error here
    identity = find(profile, region)
    store = HttpS3Store(bucket, identity.region, identity.credentials, endpoint)
    try:
        store.head(SLIDES)
    except WrongRegion as elsewhere:
        return HttpS3Store(bucket, elsewhere.region, identity.credentials, endpoint)
    except LabsightError:
        pass  # there is no such object; what else is wrong is met again by what is really asked
    return store


@contextmanager
def rights_told(profile: str | None) -> Iterator[None]:
    """Say whose rights do not suffice, and what else could be tried."""
    try:
        yield
    except Denied as denied:
        who = f"profile {profile!r}" if profile else "the credentials in use"
        raise SettingsError(
            f"{denied.message.rstrip('.')}. These are the rights of {who}; verifying takes "
            "s3:GetObject and s3:ListBucket, which the stack's role `verifier` has: name a profile "
            "with it by --profile, or in the section [verify] of the settings file"
        ) from denied
