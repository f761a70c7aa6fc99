"""`labsight serve`."""

from pathlib import Path
from typing import Annotated

import typer


def serve(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="The folder that holds the slides.")
    ],
    port: Annotated[
        int, typer.Option(min=1, max=65535, metavar="PORT", help="Port to listen on.")
    ] = 8080,
    host: Annotated[
        str,
        typer.Option(
            metavar="ADDRESS", help="Address to listen on; the default is this machine alone."
        ),
    ] = "127.0.0.1",
    show_labels: Annotated[
        bool,
        typer.Option(
            "--show-labels",
            metavar="",
            help="Show label and macro images, which can name a patient.",
        ),
    ] = False,
    cache: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER", help="Where to keep indexes. Default: among the user's caches."
        ),
    ] = None,
    allow_origin: Annotated[
        str | None,
        typer.Option(
            metavar="ORIGIN",
            help="Let pages of another site read the slides as IIIF images: its address "
            "(https://example.org), or * for any site.",
        ),
    ] = None,
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
