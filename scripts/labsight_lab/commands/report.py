"""`labsight report`."""

import sys
from pathlib import Path
from typing import Any

import click

from labsight_lab.commands import options as ask
from labsight_lab.commands.help import Command, option


@click.command(cls=Command)
@option("--html", type=ask.PATH, metavar="FILE", help="A page to read, print and hand on.")
@option("--csv", type=ask.PATH, metavar="FILE", help="A table, a line for each file.")
@option("--json", type=ask.PATH, metavar="FILE", help="One document, for programs.")
@ask.config
@ask.folder
@ask.bucket
@ask.source
@ask.journal
@ask.endpoint
def report(*, html: Path | None, csv: Path | None, json: Path | None, **given: Any) -> None:
    """List every file with its place in the archive, its checksum, and what became of it.

    Several kinds may be asked for at once; `-` is standard output. It tells what `labsight sync`
    has noted: it never asks the archive, as `labsight verify` does, and changes nothing in it or
    in the folder.

        labsight report --html archive.html
        labsight report --csv archive.csv
    """
    from labsight_lab.settings.choice import Given, know  # noqa: PLC0415 - not for `--help`
    from labsight_lab.sync.telling import inventory  # noqa: PLC0415

    target = know(Given(**given)).target()
    sys.exit(inventory.run(inventory.ReportOptions(target=target, html=html, csv=csv, json=json)))
