"""`labsight clean`."""

import sys
from typing import Any

import click

from labsight_lab.commands import options as ask
from labsight_lab.commands.help import Command, option


@click.command(cls=Command)
@option(
    "--older-than",
    type=ask.read_time(1),
    required=True,
    metavar="TIME",
    help="Only files that were sent so long ago, and not changed since: 30d, 12h.",
)
@option("--yes", is_flag=True, help="Do not ask before files are removed.")
@option("--dry-run", is_flag=True, help="Remove nothing; list what would be.")
@ask.as_json
@ask.config
@ask.folder
@ask.bucket
@ask.source
@ask.journal
@ask.profile
@ask.region
@ask.endpoint
def clean(*, older_than: float, yes: bool, dry_run: bool, as_json: bool, **given: Any) -> None:
    """Remove local files that the archive provably holds, to make room on this machine.

    Each file is verified first, as by `labsight verify`, then listed; you are asked before any is
    removed, and a record is kept. It never removes a file that is not proven to be in the archive,
    and never anything in the archive. Nothing runs it by itself.

        labsight clean --older-than 30d --dry-run
    """
    from labsight_lab.settings.choice import Given, know  # noqa: PLC0415 - not for `--help`
    from labsight_lab.sync.checking import clean as room  # noqa: PLC0415

    asked = room.CleanOptions(
        target=know(Given(**given)).target_to_read(),
        older_than=older_than,
        yes=yes,
        dry_run=dry_run,
        as_json=as_json,
    )
    sys.exit(room.run(asked))
