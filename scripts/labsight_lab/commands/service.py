"""`labsight service ...`."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from labsight.errors import InvalidInput
from labsight_lab.commands import options as ask
from labsight_lab.commands.help import Group, option

if TYPE_CHECKING:
    from labsight_lab.service.here import Here, Platform
    from labsight_lab.service.install import Services
    from labsight_lab.service.spec import ServiceSpec

as_system = option(
    "--system",
    is_flag=True,
    help="Start with the computer, whether or not somebody logs in. For administrators.",
)
of_user = option(
    "--user",
    metavar="NAME",
    help="With --system: as whom it runs, with whose AWS profile and journal. Default: who ran "
    "sudo; on Windows, you.",
)


@click.group(cls=Group)
def service() -> None:
    """Let `labsight sync --watch` run by itself, whenever this computer does."""


@service.command()
@ask.config
@as_system
@of_user
def install(*, config: Path | None, system: bool, user: str | None) -> None:
    """Set the service of a settings file up, and start it.

    It is a systemd unit, a launchd job or a task of Task Scheduler, named for the settings file;
    each settings file has its own. It is started again whenever it ends, and never twice. After a
    change of the settings, run the same command again.

        labsight service install
        labsight service install --config scanner-2.toml
        sudo labsight service install --system --user ada --config scanner-1.toml
    """
    from labsight_lab.settings.choice import Given, know  # noqa: PLC0415 - not for `--help`

    file = _settings_file(config)
    know(Given(config=file)).target()  # a service that could only fail is told of here and now
    here = _here()
    spec = _spec(here, str(file), platform=here.platform, system=system, user=user)
    if left_out := here.left_out():
        _say(
            f"not given to the service, as others could read it: {', '.join(left_out)}; "
            f"keep credentials in an AWS profile, and name it in {file}"
        )
    _services(here, click.echo).install(spec)


@service.command()
@ask.config
def uninstall(*, config: Path | None) -> None:
    """End the service of a settings file, and take away what its installation wrote.

    Settings, journal and logs stay: installed again, it goes on where it was. A file that is on
    its way is not lost; what has arrived of it is not sent again.

        labsight service uninstall
        labsight service uninstall --config scanner-2.toml
    """
    from labsight_lab.service.spec import service_name  # noqa: PLC0415 - not for `--help`

    file = _absolute(config) if config else _settings_file(None)
    _services(_here(), click.echo).uninstall(service_name(file.stem), str(file))


@service.command("print")
@ask.config
@option(
    "--for",
    "platform",
    type=click.Choice(["windows", "linux", "macos"]),
    help="The computer it is for. Default: one like this.",
)
@as_system
@of_user
@option("--program", metavar="PYTHON", help="The Python there that has labsight.")
@option(
    "--to",
    type=ask.PATH,
    metavar="FILE",
    help="Write it there, in the encoding that it needs.",
)
def print_(
    *,
    config: Path | None,
    platform: "Platform | None",
    system: bool,
    user: str | None,
    program: str | None,
    to: Path | None,
) -> None:
    """Show what a service would be, and change nothing.

    With --for another kind of computer, names of files and users are taken as they are; --program
    and --user say what they are there.

        labsight service print
        labsight service print --for windows --config D:/lab/a.toml --to a.xml
    """
    here = _here()
    chosen = platform or here.platform
    elsewhere = chosen != here.platform
    settings = str(config) if config and elsewhere else str(_settings_file(config))
    spec = _spec(here, settings, platform=chosen, system=system, user=user, program=program or "")
    if elsewhere and not program:
        _say(f"the Python named in it is that of this computer, {here.python}: see --program")
    data = here.manager(chosen).written(spec)
    if to is None:
        click.echo(data.decode("utf-16" if chosen == "windows" else "utf-8"), nl=False)
        return
    try:
        to.write_bytes(data)
    except OSError as error:
        raise InvalidInput(f"--to {to}: {error.strerror or error}") from error
    _say(f"wrote {to}")


@service.command()
@ask.config
def status(*, config: Path | None) -> None:
    """Tell whether the services of this computer run, or only that of one settings file.

    What it tells comes from systemd, launchd or Task Scheduler. How far the archive is, and what
    somebody has to look at, tells `labsight status`.

        labsight service status
    """
    from labsight_lab.service.spec import service_name  # noqa: PLC0415 - not for `--help`

    services = _services(_here(), click.echo)
    if not services.status(service_name(config.stem) if config else None):
        sys.exit(1)


@service.command(hidden=True)
@option("--config", type=ask.PATH, required=True, metavar="FILE")
@option("--set", "variables", multiple=True, metavar="NAME=VALUE")
@click.pass_context
def run(context: click.Context, *, config: Path, variables: tuple[str, ...]) -> None:
    """Run as a service of Windows does, whose tasks have no variables of their own."""
    from labsight_lab.commands.sync import sync  # noqa: PLC0415 - not for `--help`

    for variable in variables:
        name, equals, value = variable.partition("=")
        if not (name and equals):
            raise click.BadParameter(f"{variable!r} is no NAME=VALUE", param_hint="--set")
        os.environ[name] = value
    context.invoke(sync, watch=True, config=config)


def _settings_file(config: Path | None) -> Path:
    from labsight_lab.settings.finding import find, usual_place  # noqa: PLC0415

    file = find(config)
    if file is None:
        raise InvalidInput(
            f"there is no settings file {usual_place()}: `labsight init` writes one, and --config "
            "names another"
        )
    return _absolute(file)


def _absolute(file: Path) -> Path:
    """Return a name that means the same wherever the service is started; keep links as named."""
    return Path(os.path.abspath(file))  # noqa: PTH100 - Path.absolute keeps the .. in it


def _here() -> "Here":
    from labsight_lab.service.here import this_machine  # noqa: PLC0415 - not for `--help`

    return this_machine()


def _spec(
    here: "Here",
    settings: str,
    *,
    platform: "Platform",
    system: bool,
    user: str | None,
    program: str = "",
) -> "ServiceSpec":
    if user and not system and platform == here.platform:
        raise InvalidInput("--user goes with --system: without it, the service is your own")
    runs_as = user or (here.environment.get("SUDO_USER") if system else None) or here.user
    if system and runs_as == "root" and not user:
        raise InvalidInput(
            "--system: say with --user as whom the service runs: with whose AWS profile, journal "
            "and rights to the folder of the slides"
        )
    return here.spec(settings, platform=platform, system=system, user=runs_as, program=program)


def _services(here: "Here", say: Callable[[str], None]) -> "Services":
    from labsight_lab.service.install import Services  # noqa: PLC0415 - not for `--help`

    return Services(here.manager(), say)


def _say(text: str) -> None:
    click.echo(text, err=True)
