"""`labsight init`."""

import sys
from pathlib import Path

import click

from labsight_lab.commands import options as ask
from labsight_lab.commands.help import Command, option

ANSWERS = "Answers to its questions"


@click.command(cls=Command)
@option(
    "--config",
    type=ask.PATH,
    metavar="FILE",
    help="The file to write. Default: what LABSIGHT_CONFIG names, else labsight.toml among the "
    "user's own settings.",
)
@option("--yes", is_flag=True, help="Ask nothing: the options below are all there is.")
@option("--force", is_flag=True, help="Replace a file that is there already.")
@option(
    "--test", is_flag=True, help="Only try whether everything works with the settings there are."
)
@option("--no-test", is_flag=True, help="Write the file, and do not try whether everything works.")
@option(
    "--folder",
    metavar="FOLDER",
    section=ANSWERS,
    help="The folder that the scanner writes to.",
)
@option(
    "--source",
    metavar="NAME",
    section=ANSWERS,
    help="A name for this scanner: lower-case letters, digits, hyphens. It is the first part of "
    "each slide's place in the archive.",
)
@option(
    "--bucket",
    metavar="NAME",
    section=ANSWERS,
    help="The archive's bucket: the stack's output `archive_bucket`.",
)
@option("--profile", metavar="NAME", section=ANSWERS, help="Profile in the AWS configuration.")
@option("--region", metavar="NAME", section=ANSWERS, help="The bucket's AWS region.")
@option(
    "--quiet-period",
    metavar="TIME",
    section=ANSWERS,
    help="A file unchanged for so long counts as written.",
)
@option(
    "--ids-pattern",
    metavar="REGEX",
    section=ANSWERS,
    help="Finds case and slide ids in the path of a slide.",
)
@option(
    "--limit",
    metavar="TIMETABLE",
    section=ANSWERS,
    help='How much of the network to take, and when: "07:00-19:00 20Mbit, else off".',
)
@option(
    "--endpoint-url",
    metavar="URL",
    section=ANSWERS,
    help="Another S3 than that of AWS, for trials.",
)
def init(  # noqa: PLR0913 - the options of a command
    *,
    config: Path | None,
    yes: bool,
    force: bool,
    test: bool,
    no_test: bool,
    folder: str | None,
    source: str | None,
    bucket: str | None,
    profile: str | None,
    region: str | None,
    quiet_period: str | None,
    ids_pattern: str | None,
    limit: str | None,
    endpoint_url: str | None,
) -> None:
    """Ask what goes where, write it into a settings file, and try whether it works.

    The file explains every setting; the other commands read it. It never holds a password or a
    key: AWS's own tools keep those. The trial sends nothing and changes nothing.

        labsight init
        labsight init --yes --folder D:/slides --source scanner-1 --bucket NAME
        labsight init --test
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
    options = room.InitOptions(
        config=config,
        answers=answers,
        yes=yes,
        force=force,
        test=not no_test,
        only_test=test,
    )
    sys.exit(room.run(options))
