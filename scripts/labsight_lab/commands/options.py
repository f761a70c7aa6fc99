"""Options that several commands have, and how times and sizes are read."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from labsight.errors import InvalidInput
from labsight_lab.settings import amounts

INSTEAD = "Instead of the settings file"


def read_time(least: float) -> Callable[[str], float]:
    """Return a reader of times: seconds, or BadParameter, which names the option."""

    def read(text: str) -> float:
        try:
            return amounts.seconds(text, least)
        except InvalidInput as error:
            raise typer.BadParameter(error.message) from error

    return read


def read_timetable(text: str) -> str:
    """Return the text of a timetable; raise BadParameter, which names the option."""
    from labsight_lab.sync.sending import timetable  # noqa: PLC0415 - only when there is one

    try:
        timetable.parse(text)
    except InvalidInput as error:
        raise typer.BadParameter(error.message) from error
    return text


Config = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Settings file. Default: what LABSIGHT_CONFIG names, else the one that "
        "`labsight init` wrote.",
    ),
]
AsJson = Annotated[
    bool, typer.Option("--json", metavar="", help="Print one JSON document, nothing else.")
]
Folder = Annotated[
    Path | None,
    typer.Option(
        metavar="FOLDER", help="The folder that the scanner writes to.", rich_help_panel=INSTEAD
    ),
]
Bucket = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="The archive's bucket: the stack's output `archive_bucket`.",
        rich_help_panel=INSTEAD,
    ),
]
Source = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="A name for this scanner; first part of each slide's place in the archive.",
        rich_help_panel=INSTEAD,
    ),
]
Profile = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Profile in the AWS configuration. Default: AWS_PROFILE.",
        rich_help_panel=INSTEAD,
    ),
]
Region = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="The bucket's AWS region. Default: AWS_REGION or the profile's.",
        rich_help_panel=INSTEAD,
    ),
]
Endpoint = Annotated[
    str | None,
    typer.Option(
        metavar="URL", help="Another S3 than that of AWS, for trials.", rich_help_panel=INSTEAD
    ),
]
Journal = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Where it is remembered what was sent. Default: a file for each folder and bucket "
        "among the user's own application data.",
        rich_help_panel=INSTEAD,
    ),
]
