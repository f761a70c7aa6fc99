"""`labsight clean`."""

from typing import Annotated

import typer

from labsight_lab.commands import options as ask


def clean(  # noqa: PLR0913, PLR0917 - the options of a command
    older_than: Annotated[
        float,
        typer.Option(
            parser=ask.read_time(1),
            metavar="TIME",
            help="Only files that were sent so long ago, and not changed since: 30d, 12h.",
        ),
    ],
    yes: Annotated[
        bool, typer.Option("--yes", metavar="", help="Do not ask before files are removed.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", metavar="", help="Remove nothing; list what would be.")
    ] = False,
    as_json: ask.AsJson = False,
    config: ask.Config = None,
    folder: ask.Folder = None,
    bucket: ask.Bucket = None,
    source: ask.Source = None,
    journal: ask.Journal = None,
    profile: ask.Profile = None,
    region: ask.Region = None,
    endpoint_url: ask.Endpoint = None,
) -> None:
    """Remove local files that the archive provably holds, to make room on this machine.

    Each file is verified first, as by `labsight verify`, then listed; you are asked before any is
    removed, and a record is kept. It never removes a file that is not proven to be in the archive,
    and never anything in the archive. Nothing runs it by itself.

        labsight clean --older-than 30d --dry-run
    """
    from labsight_lab.settings.choice import Given, know  # noqa: PLC0415 - not for `--help`
    from labsight_lab.sync.checking import clean as room  # noqa: PLC0415

    given = Given(
        config=config,
        folder=folder,
        bucket=bucket,
        source=source,
        journal=journal,
        profile=profile,
        region=region,
        endpoint=endpoint_url,
    )
    asked = room.CleanOptions(
        target=know(given).target_to_read(),
        older_than=older_than,
        yes=yes,
        dry_run=dry_run,
        as_json=as_json,
    )
    raise typer.Exit(room.run(asked))
