"""`labsight status`."""

import sys
from typing import Any

import click

from labsight_lab.commands import options as ask
from labsight_lab.commands.help import Command


@click.command(cls=Command)
@ask.as_json
@ask.config
@ask.folder
@ask.bucket
@ask.source
@ask.journal
@ask.endpoint
def status(*, as_json: bool, **given: Any) -> None:
    """Say how far the archive is: what is sent, what waits, what somebody has to look at.

    It reads what `labsight sync` has noted, also while that is running, and asks the network for
    nothing. It never looks into the slides, and changes nothing.

        labsight status
    """
    from labsight_lab.settings.choice import Given, know  # noqa: PLC0415 - not for `--help`
    from labsight_lab.sync.telling import status as room  # noqa: PLC0415

    known = know(Given(**given))
    asked = room.StatusOptions(target=known.target(), as_json=as_json, settings=known.own_file)
    sys.exit(room.run(asked))
