"""`labsight register`."""

import sys
from typing import Any

import click

from labsight_lab.commands import options as ask
from labsight_lab.commands.help import Command, option


@click.command(cls=Command)
@click.argument(
    "things",
    nargs=-1,
    required=True,
    metavar="FILE|KEY|FOLDER...",
    help="Slides: files or folders in the lab's folder, or keys in the archive, which start with "
    "`slides/`.",
)
@option("--dry-run", is_flag=True, help="Ask for nothing; list what would be.")
@ask.as_json
@ask.config
@option(
    "--queue-url",
    metavar="URL",
    section=ask.INSTEAD,
    help="The queue of the import: the stack's output `import_queue_url`.",
)
@ask.folder
@ask.bucket
@ask.source
@ask.profile
@ask.region
@ask.endpoint
def register(
    *, things: tuple[str, ...], dry_run: bool, as_json: bool, queue_url: str | None, **given: Any
) -> None:
    """Ask the catalog to take up slides that are in the archive already.

    What `labsight sync` sends is registered by itself: this is for slides that came another way,
    or whose import failed and was put right. It never sends a slide; asking twice does no harm.

        labsight register slides/scanner-1/2026/case-7.svs
        labsight register D:/slides/2026
    """
    from labsight_lab.register import command as room  # noqa: PLC0415 - not for `--help`
    from labsight_lab.settings import choice  # noqa: PLC0415

    known = choice.know(choice.Given(**given))
    place = known.merged
    asked = room.RegisterOptions(
        bucket=known.bucket(),
        queue_url=choice.queue_url(queue_url, known),
        things=things,
        folder=place.folder,
        source=place.source,
        profile=known.reader,
        region=place.region,
        endpoint=place.endpoint,
        journal=place.journal,
        dry_run=dry_run,
        as_json=as_json,
    )
    sys.exit(room.run(asked))
