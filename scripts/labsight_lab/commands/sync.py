"""`labsight sync`."""

import sys
from typing import Any

import click

from labsight_lab.commands import options as ask
from labsight_lab.commands.help import Command, option

WHICH = "Which slides"
SPEED = "How fast"


@click.command(cls=Command)
@click.argument(
    "folder",
    required=False,
    type=ask.PATH,
    help="The folder that the scanner writes to. Default: that of the settings file.",
)
@option("--watch/--once", help="Go on looking for new slides, or end when all is sent.")
@option("--dry-run", is_flag=True, help="Send nothing; show what would be. Needs no account.")
@ask.as_json
@ask.config
@option(
    "--include",
    multiple=True,
    metavar="GLOB",
    section=WHICH,
    help="Only these: a pattern for the file name, or with a / for the path below FOLDER. May be "
    "given several times.",
)
@option(
    "--exclude",
    multiple=True,
    metavar="GLOB",
    section=WHICH,
    help="All but these; likewise.",
)
@option(
    "--quiet-period",
    type=ask.read_time(0),
    metavar="TIME",
    section=WHICH,
    help="A file unchanged for so long counts as written: 10s, 5m. Default: 5s, and 1s more for "
    "each 100 MB above 500 MB.",
)
@option(
    "--send-incomplete",
    is_flag=True,
    section=WHICH,
    help="Send slides that are cut off, too; they are marked.",
)
@option(
    "--rescan",
    type=ask.read_time(0.1),
    metavar="TIME",
    section=SPEED,
    help="With --watch, from one look at FOLDER to the next. Default: 5s.",
)
@option(
    "--limit",
    type=ask.read_timetable,
    metavar="TIMETABLE",
    section=SPEED,
    help='How much of the network to take, and when: "07:00-19:00 20Mbit, else off".',
)
@option(
    "--connections",
    type=click.IntRange(1, 256),
    metavar="N",
    section=SPEED,
    help="Requests at a time. Default: 128.",
)
@ask.bucket
@ask.source
@ask.profile
@ask.region
@ask.endpoint
@ask.journal
@option("--threads", type=click.IntRange(1, 256), hidden=True)
@option("--interval", type=ask.read_time(0.1), hidden=True)
def sync(  # noqa: PLR0913 - the options of a command
    *,
    watch: bool,
    dry_run: bool,
    as_json: bool,
    include: tuple[str, ...],
    exclude: tuple[str, ...],
    quiet_period: float | None,
    send_incomplete: bool,
    rescan: float | None,
    limit: str | None,
    connections: int | None,
    threads: int | None,
    interval: float | None,
    **given: Any,
) -> None:
    """Copy finished slides into the archive; never overwrite, never delete.

    A slide is sent once it has stayed unchanged for a while and its structure is complete. What
    was sent is remembered, so running again sends only what is new, and an interrupted run goes
    on where it stopped. Options win over the settings file that `labsight init` writes.

        labsight sync --dry-run
        labsight sync --watch
        labsight sync FOLDER --bucket NAME --source scanner-1 --dry-run
    """
    from labsight_lab.settings.choice import Given, sync_options  # noqa: PLC0415 - not for `--help`
    from labsight_lab.sync import command  # noqa: PLC0415

    options = sync_options(
        Given(**given),
        watch=watch,
        dry_run=dry_run,
        as_json=as_json,
        include=include or None,
        exclude=exclude or None,
        quiet_period=quiet_period,
        send_incomplete=send_incomplete or None,
        rescan=interval if rescan is None else rescan,
        limit=limit,
        connections=threads if connections is None else connections,
    )
    sys.exit(command.sync(options))
