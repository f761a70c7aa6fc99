"""`labsight report`."""

from pathlib import Path
from typing import Annotated

import typer

from labsight_lab.commands import options as ask


def report(  # noqa: PLR0913, PLR0917 - the options of a command
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A page to read, print and hand on.")
    ] = None,
    csv: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A table, a line for each file.")
    ] = None,
    json: Annotated[
        Path | None, typer.Option(metavar="FILE", help="One document, for programs.")
    ] = None,
    config: ask.Config = None,
    folder: ask.Folder = None,
    bucket: ask.Bucket = None,
    source: ask.Source = None,
    journal: ask.Journal = None,
    endpoint_url: ask.Endpoint = None,
) -> None:
    """List every file with its place in the archive, its checksum, and what became of it.

    Several kinds may be asked for at once; `-` is standard output. It tells what `labsight sync`
    has noted: it never asks the archive, as `labsight verify` does, and changes nothing in it or
    in the folder.

        labsight report --html archive.html
        labsight report --csv archive.csv
    """
    from labsight_lab.settings.choice import Given, know  # noqa: PLC0415 - not for `--help`
    from labsight_lab.sync.telling import inventory  # noqa: PLC0415

    given = Given(
        config=config,
        folder=folder,
        bucket=bucket,
        source=source,
        journal=journal,
        endpoint=endpoint_url,
    )
    asked = inventory.ReportOptions(target=know(given).target(), html=html, csv=csv, json=json)
    raise typer.Exit(inventory.run(asked))
