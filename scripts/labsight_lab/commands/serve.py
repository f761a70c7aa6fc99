"""`labsight serve`."""

from pathlib import Path

import click

from labsight_lab.commands.help import Command, option
from labsight_lab.commands.options import PATH


@click.command(cls=Command)
@click.argument("folder", type=PATH, help="The folder that holds the slides.")
@option(
    "--port",
    type=click.IntRange(1, 65535),
    default=8080,
    show_default=True,
    metavar="PORT",
    help="Port to listen on.",
)
@option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    metavar="ADDRESS",
    help="Address to listen on; the default is this machine alone.",
)
@option(
    "--show-labels",
    is_flag=True,
    help="Show label and macro images, which can name a patient.",
)
@option(
    "--cache",
    type=PATH,
    metavar="FOLDER",
    help="Where to keep indexes. Default: among the user's caches.",
)
@option(
    "--allow-origin",
    metavar="ORIGIN",
    help="Let pages of another site read the slides as IIIF images: its address "
    "(https://example.org), or * for any site.",
)
def serve(
    *,
    folder: Path,
    port: int,
    host: str,
    show_labels: bool,
    cache: Path | None,
    allow_origin: str | None,
) -> None:
    """Show a folder of slides in the browser; nothing leaves this machine.

    It never writes into the folder: what it works out about slides is kept among the user's
    caches, and worked out anew when that is lost.

        labsight serve D:/slides
    """
    from labsight_lab import serve as server  # noqa: PLC0415 - not for `--help` and `sync`

    server.serve(
        folder,
        host=host,
        port=port,
        cache=cache,
        show_labels=show_labels,
        allow_origin=allow_origin,
    )
