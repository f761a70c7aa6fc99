"""`labsight register`."""

from typing import Annotated

import typer

from labsight_lab.commands import options as ask


def register(  # noqa: PLR0913, PLR0917 - the options of a command
    things: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE|KEY|FOLDER",
            help="Slides: files or folders in the lab's folder, or keys in the archive, which "
            "start with `slides/`.",
        ),
    ],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", metavar="", help="Ask for nothing; list what would be.")
    ] = False,
    as_json: ask.AsJson = False,
    queue_url: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="The queue of the import: the stack's output `import_queue_url`.",
            rich_help_panel=ask.INSTEAD,
        ),
    ] = None,
    config: ask.Config = None,
    folder: ask.Folder = None,
    bucket: ask.Bucket = None,
    source: ask.Source = None,
    profile: ask.Profile = None,
    region: ask.Region = None,
    endpoint_url: ask.Endpoint = None,
) -> None:
    """Ask the catalog to take up slides that are in the archive already.

    What `labsight sync` sends is registered by itself: this is for slides that came another way,
    or whose import failed and was put right. It never sends a slide; asking twice does no harm.

        labsight register slides/scanner-1/2026/case-7.svs
        labsight register D:/slides/2026
    """
    from labsight_lab.register import command as room  # noqa: PLC0415 - not for `--help`
    from labsight_lab.settings import choice  # noqa: PLC0415

    known = choice.know(
        choice.Given(
            config=config,
            folder=folder,
            bucket=bucket,
            source=source,
            profile=profile,
            region=region,
            endpoint=endpoint_url,
        )
    )
    place = known.merged
    asked = room.RegisterOptions(
        bucket=known.bucket(),
        queue_url=choice.queue_url(queue_url, known),
        things=tuple(things),
        folder=place.folder,
        source=place.source,
        profile=known.reader,
        region=place.region,
        endpoint=place.endpoint,
        journal=place.journal,
        dry_run=dry_run,
        as_json=as_json,
    )
    raise typer.Exit(room.run(asked))
