"""`labsight verify`."""

from pathlib import Path
from typing import Annotated

import typer

from labsight_lab.commands import options as ask


def verify(  # noqa: PLR0913, PLR0917 - the options of a command
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="PATH",
            help="Files or folders in the lab's folder. Default: all that was sent.",
        ),
    ] = None,
    deep: Annotated[
        bool,
        typer.Option(
            "--deep", metavar="", help="Read every byte again, here and in the archive. Takes long."
        ),
    ] = False,
    resend: Annotated[
        bool,
        typer.Option(
            "--resend",
            metavar="",
            help="Have the next sync send again what is missing or different, never over anything.",
        ),
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
    asked = room.VerifyOptions(
        target=know(given).target_to_read(),
        paths=tuple(paths or ()),
        deep=deep,
        resend=resend,
        as_json=as_json,
    )
    raise typer.Exit(room.run(asked))
