"""`labsight keys new`."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    name="keys", no_args_is_help=True, help="Keys with which a stack signs its sessions."
)


@app.command()
def new(
    stack: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The Pulumi stack. Default: the one that is selected."),
    ] = None,
    run: Annotated[
        bool,
        typer.Option(
            "--run", metavar="", help="Give the keys to the stack now, by running `pulumi`."
        ),
    ] = False,
    folder: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Write the keys to two files there; the private one for you only.",
        ),
    ] = None,
    replace: Annotated[
        bool,
        typer.Option(
            "--replace", metavar="", help="With --run: replace the keys that the stack has."
        ),
    ] = False,
) -> None:
    """Make the pair of keys that lets signed-in people see tiles; once for each stack.

    The public key becomes the setting edge.publicKey, the private one the secret edge.signingKey,
    which is encrypted in the stack's file and read by one function in AWS.

    In labsight's folder, before the first `pulumi up`; or to see the two commands and run them
    yourself:

        labsight keys new --stack dev --run
        labsight keys new --stack dev --folder keys
    """
    from labsight_lab import keys as maker  # noqa: PLC0415 - not for `--help`

    maker.new(maker.KeysOptions(stack=stack, folder=folder, run=run, replace=replace))
