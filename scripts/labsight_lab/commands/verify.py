"""`labsight verify`."""

import sys
from pathlib import Path
from typing import Any

import click

from labsight_lab.commands import options as ask
from labsight_lab.commands.help import Command, option


@click.command(cls=Command)
@click.argument(
    "paths",
    nargs=-1,
    type=ask.PATH,
    metavar="[PATH]...",
    help="Files or folders in the lab's folder. Default: all that was sent.",
)
@option(
    "--deep",
    is_flag=True,
    help="Read every byte again, here and in the archive. Takes long.",
)
@option(
    "--resend",
    is_flag=True,
    help="Have the next sync send again what is missing or different, never over anything.",
)
@ask.as_json
@ask.config
@ask.folder
@ask.bucket
@ask.source
@ask.journal
@ask.profile
@ask.region
@ask.endpoint
def verify(
    *, paths: tuple[Path, ...], deep: bool, resend: bool, as_json: bool, **given: Any
) -> None:
    """Prove that the archive holds what was sent: compare sizes and checksums.

    Each file that is missing, damaged or different is named, and the exit code is then 1. It needs
    credentials that may read the archive (`profile` in the section `[verify]`); `labsight sync`
    itself needs no such right. It sends, changes and deletes nothing, here or in the archive; what
    it finds is noted for `labsight sync`.

        labsight verify
        labsight verify --deep "2026/case 7.svs"
    """
    from labsight_lab.settings.choice import Given, know  # noqa: PLC0415 - not for `--help`
    from labsight_lab.sync.checking import verify as room  # noqa: PLC0415

    asked = room.VerifyOptions(
        target=know(Given(**given)).target_to_read(),
        paths=paths,
        deep=deep,
        resend=resend,
        as_json=as_json,
    )
    sys.exit(room.run(asked))
