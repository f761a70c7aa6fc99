"""The `labsight` command, put together."""

import os
import sys

import click

from labsight import __version__
from labsight_lab.commands.help import SETTINGS, Group, option
from labsight_lab.endings import run_to_its_end


def _commands(*names: str) -> dict[str, str]:
    return {name: f"labsight_lab.commands.{name}:{name}" for name in names}


COMMANDS = {
    "Send slides to the archive": _commands(
        "init", "sync", "status", "report", "verify", "clean", "register", "service"
    ),
    "Look at slides": _commands("serve", "export"),
    "Operate a stack": {"desktop": "labsight_lab.desktop.commands:desktop"} | _commands("keys"),
}


@click.group(
    cls=Group,
    later=COMMANDS,
    context_settings=SETTINGS,
    epilog="Exit codes: 0 done, 1 some files failed (each is named), 2 wrong usage or settings, "
    "130 interrupted.",
)
@click.version_option(__version__, message="%(prog)s %(version)s")
@option("--debug", is_flag=True, expose_value=False, help="Show a traceback when something fails.")
def labsight() -> None:
    """Carry images from a lab's instruments to the archive, and look at them.

    Begin with a look, no account needed:

        labsight serve FOLDER

    Say once what goes where, see what would be sent, send it, and keep sending:

        labsight init
        labsight sync --dry-run
        labsight sync
        labsight sync --watch
    """


def main(arguments: list[str] | None = None) -> int:
    """Run the command and return its exit code; a traceback is shown only with --debug."""
    given = sys.argv[1:] if arguments is None else arguments
    return run_to_its_end(lambda: _run(given), debug="--debug" in given)


def _run(arguments: list[str]) -> None:
    color = False if os.environ.get("NO_COLOR") else None  # https://no-color.org
    try:
        sys.exit(labsight.main(arguments, "labsight", standalone_mode=False, color=color))
    except click.ClickException as wrong:
        wrong.show()
        sys.exit(wrong.exit_code)
    except click.Abort as end:  # click's name for Ctrl-C
        raise end.__cause__ or end from None
