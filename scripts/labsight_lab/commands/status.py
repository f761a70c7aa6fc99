"""`labsight status`."""

import typer

from labsight_lab.commands import options as ask


def status(
    as_json: ask.AsJson = False,
    config: ask.Config = None,
    folder: ask.Folder = None,
    bucket: ask.Bucket = None,
    source: ask.Source = None,
    journal: ask.Journal = None,
    endpoint_url: ask.Endpoint = None,
) -> None:
    """Say how far the archive is: what is sent, what waits, what somebody has to look at.

    It reads what `labsight sync` has noted, also while that is running, and asks the network for
    nothing. It never looks into the slides, and changes nothing.

        labsight status
    """
    from labsight_lab.settings.choice import Given, know  # noqa: PLC0415 - not for `--help`
    from labsight_lab.sync.telling import status as room  # noqa: PLC0415

    given = Given(
        config=config,
        folder=folder,
        bucket=bucket,
        source=source,
        journal=journal,
        endpoint=endpoint_url,
    )
    known = know(given)
    asked = room.StatusOptions(target=known.target(), as_json=as_json, settings=known.own_file)
    raise typer.Exit(room.run(asked))
