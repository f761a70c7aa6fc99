"""Options that several commands have, and how times and sizes are read.

Those below "Instead of the settings file" are named as the fields of `settings.choice.Given`.
"""

from collections.abc import Callable
from pathlib import Path

import click

from labsight.errors import InvalidInput
from labsight_lab.commands.help import option
from labsight_lab.settings import amounts

INSTEAD = "Instead of the settings file"
PATH = click.Path(path_type=Path, readable=False)  # what cannot be read is told by who reads it


def read_time(least: float) -> Callable[[str], float]:
    """Return a reader of times: seconds, or BadParameter, which names the option."""

    def read(text: str) -> float:
        try:
            return amounts.seconds(text, least)
        except InvalidInput as error:
            raise click.BadParameter(error.message) from error

    return read


def read_timetable(text: str) -> str:
    """Return the text of a timetable; raise BadParameter, which names the option."""
    from labsight_lab.sync.sending import timetable  # noqa: PLC0415 - only when there is one

    try:
        timetable.parse(text)
    except InvalidInput as error:
        raise click.BadParameter(error.message) from error
    return text


config = option(
    "--config",
    type=PATH,
    metavar="FILE",
    help="Settings file. Default: what LABSIGHT_CONFIG names, else the one that `labsight init` "
    "wrote.",
)
as_json = option("--json", "as_json", is_flag=True, help="Print one JSON document, nothing else.")
folder = option(
    "--folder",
    type=PATH,
    metavar="FOLDER",
    section=INSTEAD,
    help="The folder that the scanner writes to.",
)
bucket = option(
    "--bucket",
    metavar="NAME",
    section=INSTEAD,
    help="The archive's bucket: the stack's output `archive_bucket`.",
)
source = option(
    "--source",
    metavar="NAME",
    section=INSTEAD,
    help="A name for this scanner; first part of each slide's place in the archive.",
)
profile = option(
    "--profile",
    metavar="NAME",
    section=INSTEAD,
    help="Profile in the AWS configuration. Default: AWS_PROFILE.",
)
region = option(
    "--region",
    metavar="NAME",
    section=INSTEAD,
    help="The bucket's AWS region. Default: AWS_REGION or the profile's.",
)
endpoint = option(
    "--endpoint-url",
    "endpoint",
    metavar="URL",
    section=INSTEAD,
    help="Another S3 than that of AWS, for trials.",
)
journal = option(
    "--journal",
    type=PATH,
    metavar="FILE",
    section=INSTEAD,
    help="Where it is remembered what was sent. Default: a file for each folder and bucket among "
    "the user's own application data.",
)
