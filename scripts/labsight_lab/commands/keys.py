"""`labsight keys new`."""

from pathlib import Path

import click

from labsight_lab.commands.help import Group, option
from labsight_lab.commands.options import PATH


@click.group(cls=Group)
def keys() -> None:
    """Keys with which a stack signs its sessions."""


@keys.command()
@option("--stack", metavar="NAME", help="The Pulumi stack. Default: the one that is selected.")
@option("--run", is_flag=True, help="Give the keys to the stack now, by running `pulumi`.")
@option(
    "--folder",
    type=PATH,
    metavar="FOLDER",
    help="Write the keys to two files there; the private one for you only.",
)
@option("--replace", is_flag=True, help="With --run: replace the keys that the stack has.")
def new(*, stack: str | None, run: bool, folder: Path | None, replace: bool) -> None:
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
