"""`labsight sync`."""

from pathlib import Path
from typing import Annotated

import typer

from labsight_lab.commands import options as ask

WHICH = "Which slides"
SPEED = "How fast"


def sync(  # noqa: PLR0913, PLR0917 - the options of a command
    folder: Annotated[
        Path | None,
        typer.Argument(
            metavar="FOLDER",
            help="The folder that the scanner writes to. Default: that of the settings file.",
            show_default=False,
        ),
    ] = None,
    watch: Annotated[
        bool,
        typer.Option(
            "--watch/--once",
            metavar="",
            help="Go on looking for new slides, or end when all is sent.",
            show_default=False,
        ),
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run", metavar="", help="Send nothing; show what would be. Needs no account."
        ),
    ] = False,
    as_json: ask.AsJson = False,
    config: ask.Config = None,
    include: Annotated[
        list[str] | None,
        typer.Option(
            metavar="GLOB",
            help="Only these: a pattern for the file name, or with a / for the path below FOLDER. "
            "May be given several times.",
            rich_help_panel=WHICH,
        ),
    ] = None,
    exclude: Annotated[
        list[str] | None,
        typer.Option(metavar="GLOB", help="All but these; likewise.", rich_help_panel=WHICH),
    ] = None,
    quiet_period: Annotated[
        float | None,
        typer.Option(
            parser=ask.read_time(0),
            metavar="TIME",
            help="A file unchanged for so long counts as written: 10s, 5m. Default: 5s, and 1s "
            "more for each 100 MB above 500 MB.",
            rich_help_panel=WHICH,
        ),
    ] = None,
    send_incomplete: Annotated[
        bool,
        typer.Option(
            "--send-incomplete",
            metavar="",
            help="Send slides that are cut off, too; they are marked.",
            rich_help_panel=WHICH,
        ),
    ] = False,
    rescan: Annotated[
        float | None,
        typer.Option(
            parser=ask.read_time(0.1),
            metavar="TIME",
            help="With --watch, from one look at FOLDER to the next. Default: 5s.",
            rich_help_panel=SPEED,
        ),
    ] = None,
    limit: Annotated[
        str | None,
        typer.Option(
            parser=ask.read_timetable,
            metavar="TIMETABLE",
            help='How much of the network to take, and when: "07:00-19:00 20Mbit, else off".',
            rich_help_panel=SPEED,
        ),
    ] = None,
    connections: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=256,
            metavar="N",
            help="Requests at a time, 1 to 256. Default: 128.",
            rich_help_panel=SPEED,
        ),
    ] = None,
    bucket: ask.Bucket = None,
    source: ask.Source = None,
    profile: ask.Profile = None,
    region: ask.Region = None,
    endpoint_url: ask.Endpoint = None,
    journal: ask.Journal = None,
    threads: Annotated[int | None, typer.Option(min=1, max=256, hidden=True)] = None,
    interval: Annotated[float | None, typer.Option(parser=ask.read_time(0.1), hidden=True)] = None,
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
        Given(
            config=config,
            folder=folder,
            bucket=bucket,
            source=source,
            profile=profile,
            region=region,
            endpoint=endpoint_url,
            journal=journal,
        ),
        watch=watch,
        dry_run=dry_run,
        as_json=as_json,
        include=tuple(include) if include else None,
        exclude=tuple(exclude) if exclude else None,
        quiet_period=quiet_period,
        send_incomplete=send_incomplete or None,
        rescan=interval if rescan is None else rescan,
        limit=limit,
        connections=threads if connections is None else connections,
    )
    raise typer.Exit(command.sync(options))
