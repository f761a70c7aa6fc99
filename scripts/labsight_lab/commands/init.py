"""`labsight init`."""

from pathlib import Path
from typing import Annotated

import typer

ANSWERS = "Answers to its questions"


def init(  # noqa: PLR0913, PLR0917 - the options of a command
    config: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="The file to write. Default: what LABSIGHT_CONFIG names, else labsight.toml among "
            "the user's own settings.",
        ),
    ] = None,
    yes: Annotated[
        bool,
        typer.Option("--yes", metavar="", help="Ask nothing: the options below are all there is."),
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", metavar="", help="Replace a file that is there already.")
    ] = False,
    test: Annotated[
        bool,
        typer.Option(
            "--test/--no-test",
            metavar="",
            help="Then try whether everything works, or not.",
            show_default=False,
        ),
    ] = True,
    folder: Annotated[
        str | None,
        typer.Option(
            metavar="FOLDER", help="The folder that the scanner writes to.", rich_help_panel=ANSWERS
        ),
    ] = None,
    source: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="A name for this scanner: lower-case letters, digits, hyphens. It is the first "
            "part of each slide's place in the archive.",
            rich_help_panel=ANSWERS,
        ),
    ] = None,
    bucket: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="The archive's bucket: the stack's output `archive_bucket`.",
            rich_help_panel=ANSWERS,
        ),
    ] = None,
    profile: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Profile in the AWS configuration.", rich_help_panel=ANSWERS
        ),
    ] = None,
    region: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The bucket's AWS region.", rich_help_panel=ANSWERS),
    ] = None,
    quiet_period: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="A file unchanged for so long counts as written.",
            rich_help_panel=ANSWERS,
        ),
    ] = None,
    ids_pattern: Annotated[
        str | None,
        typer.Option(
            metavar="REGEX",
            help="Finds case and slide ids in the path of a slide.",
            rich_help_panel=ANSWERS,
        ),
    ] = None,
    limit: Annotated[
        str | None,
        typer.Option(
            metavar="TIMETABLE",
            help='How much of the network to take, and when: "07:00-19:00 20Mbit, else off".',
            rich_help_panel=ANSWERS,
        ),
    ] = None,
    endpoint_url: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Another S3 than that of AWS, for trials.",
            rich_help_panel=ANSWERS,
        ),
    ] = None,
) -> None:
    """Ask what goes where, write it into a settings file, and try whether it works.

    The file explains every setting; the other commands read it. It never holds a password or a
    key: AWS's own tools keep those. The trial sends nothing and changes nothing.

        labsight init
        labsight init --yes --folder D:/slides --source scanner-1 --bucket NAME
    """
    from labsight_lab.settings import init as room  # noqa: PLC0415 - not for `--help`

    answers = {
        "folder.path": folder,
        "folder.source": source,
        "archive.bucket": bucket,
        "archive.profile": profile,
        "archive.region": region,
        "folder.quiet_period": quiet_period,
        "ids.pattern": ids_pattern,
        "transfer.limit": limit,
        "archive.endpoint": endpoint_url,
    }
    options = room.InitOptions(config=config, answers=answers, yes=yes, force=force, test=test)
    raise typer.Exit(room.run(options))
