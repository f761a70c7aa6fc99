"""Asks for slides to be imported, and adds the ``unit.json`` where one is lacking."""

import re
from contextlib import suppress

from labsight import __version__
from labsight.errors import ObjectExists, SettingsError, StorageUnavailable
from labsight.objects import ObjectStore, metadata
from labsight.slides import units
from labsight.slides.import_queue import ImportQueue
from labsight_lab.register.items import Item
from labsight_lab.register.looking import told

CONNECTIONS = 16
_REGION = re.compile(r"https?://(?:sqs\.)?([a-z]{2,5}(?:-[a-z]{1,12}){1,3}-[0-9]{1,2})\.")
_DENIED = frozenset({"AccessDenied", "AccessDeniedException", "KMS.AccessDeniedException"})
_NO_QUEUE = frozenset({"AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"})


def register(item: Item, store: ObjectStore, queue: ImportQueue) -> None:
    """Ask for a slide; raise StorageUnavailable, and SettingsError for what concerns them all.

    What was imported before is imported again, with or without success then. A slide that gets its
    ``unit.json`` now is imported because of that; asking makes it certain.
    """
    if item.unit is not None:
        # It may have been made since we looked, by another run or by sync.
        with told("s3:PutObject"), suppress(ObjectExists):
            store.write(
                item.key,
                units.write(item.unit),
                content_type="application/json",
                metadata={metadata.AGENT: f"labsight/{__version__}"},
                if_absent=True,
            )
    try:
        queue.send(item.key, again=item.unit is None)
    except StorageUnavailable as error:
        raise _explained(error) from error


def open_queue(url: str, *, profile: str | None, region: str | None) -> ImportQueue:
    """Return the queue of the import; raise SettingsError on a machine without credentials."""
    import boto3  # noqa: PLC0415 - the lab extra
    from botocore.config import Config  # noqa: PLC0415
    from botocore.exceptions import BotoCoreError  # noqa: PLC0415

    from labsight_lab.sync.sending.credentials import find  # noqa: PLC0415

    found = _REGION.match(url)
    identity = find(profile, region)
    try:
        client = boto3.Session(profile_name=profile).client(
            "sqs",
            region_name=found[1] if found else identity.region,
            config=Config(
                connect_timeout=10,
                read_timeout=30,
                retries={"mode": "standard", "total_max_attempts": 5},
                max_pool_connections=CONNECTIONS,
            ),
        )
    except (BotoCoreError, ValueError) as error:
        raise SettingsError(f"the import queue {url} cannot be asked: {error}") from error
    return ImportQueue(url, client)


def _explained(error: StorageUnavailable) -> StorageUnavailable | SettingsError:
    """Return an error that would meet every slide alike as what it is."""
    answer = getattr(error.__cause__, "response", None)
    if not isinstance(answer, dict):
        return error
    code = str(answer.get("Error", {}).get("Code", ""))
    if code in _DENIED:
        return SettingsError(
            f"{error.message}. Registering takes the right sqs:SendMessage, which the stack's role "
            "`registrar` has: name a profile with it by --profile"
        )
    if code in _NO_QUEUE:
        return SettingsError(
            f"{error.message}. The queue is the stack's output `import_queue_url`: give it with "
            "--queue-url, or as catalog.queue_url in the settings file"
        )
    return error
