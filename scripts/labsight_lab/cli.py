"""The `labsight` command, put together."""

import sys
from typing import Annotated

import typer

from labsight import __version__
from labsight_lab.commands.clean import clean
from labsight_lab.commands.export import export
from labsight_lab.commands.init import init
from labsight_lab.commands.keys import app as keys
from labsight_lab.commands.register import register
from labsight_lab.commands.report import report
from labsight_lab.commands.serve import serve
from labsight_lab.commands.service import app as service
from labsight_lab.commands.status import status
from labsight_lab.commands.sync import sync
from labsight_lab.commands.verify import verify
from labsight_lab.desktop.commands import app as desktop
from labsight_lab.endings import run_to_its_end

SEND, SHOW, OPERATE = "Send slides to the archive", "Look at slides", "Operate a stack"

app = typer.Typer(
    name="labsight",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",  # reflows what is told, keeps the lines of examples
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 done, 1 some files failed (each is named), 2 wrong usage or settings, "
    "130 interrupted.",
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"labsight {__version__}")
        raise typer.Exit


@app.callback()
def labsight(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            metavar="",
            help="Show the version and exit.",
            is_eager=True,
            callback=_print_version,
        ),
    ] = False,
    debug: Annotated[
        bool,
        typer.Option("--debug", metavar="", help="Show a traceback when something fails."),
    ] = False,
) -> None:
    """Carry images from a lab's instruments to the archive, and look at them.

    Begin with a look, no account needed:

        labsight serve FOLDER

    Say once what goes where, see what would be sent, send it, and keep sending:

        labsight init
        labsight sync --dry-run
        labsight sync
        labsight sync --watch
    """


for send in (init, sync, status, report, verify, clean, register):
    app.command(rich_help_panel=SEND)(send)
app.add_typer(service, rich_help_panel=SEND)
for show in (serve, export):
    app.command(rich_help_panel=SHOW)(show)
for operate in (desktop, keys):
    app.add_typer(operate, rich_help_panel=OPERATE)


def main(arguments: list[str] | None = None) -> int:
    """Run the command and return its exit code; a traceback is shown only with --debug."""
    given = sys.argv[1:] if arguments is None else arguments
    return run_to_its_end(lambda: app(given, prog_name="labsight"), debug="--debug" in given)
