"""`labsight desktop ...`: the operator's side of the viewer workstation."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from labsight.errors import Conflict, InvalidInput, SettingsError

if TYPE_CHECKING:
    from labsight_lab.desktop.aws import Aws
    from labsight_lab.desktop.machine import Machine

app = typer.Typer(
    name="desktop",
    no_args_is_help=True,
    help="Switch the viewer workstation on and off, reach it, and give it its programs.",
)

Stack = Annotated[
    str | None,
    typer.Option(help="The stack; needed when an account has several.", envvar="LABSIGHT_STACK"),
]
Region = Annotated[
    str | None, typer.Option(help="The stack's region. Default: AWS_REGION or the profile's.")
]
Profile = Annotated[
    str | None, typer.Option(help="Profile in the AWS configuration. Default: AWS_PROFILE.")
]
Wait = Annotated[bool, typer.Option("--wait/--no-wait", help="Wait until it is done.")]
KeyFile = Annotated[
    Path | None,
    typer.Option("--key", metavar="FILE", help="Private key of the desktop's key pair."),
]


@app.command()
def start(
    stack: Stack = None, region: Region = None, profile: Profile = None, wait: Wait = True
) -> None:
    """Start the desktop, and say when it can be reached."""
    from labsight_lab.desktop.power import Power  # noqa: PLC0415 - boto3 only where it is needed

    aws, machine = _desktop(stack, region, profile)
    if machine.state == "running":
        _say(f"{machine.id} is running already")
    with _interruptible("the desktop starts all the same"):
        Power(aws.client("ec2"), _say).start(machine, wait=wait)
    which = f" --stack {machine.stack}" if machine.stack else ""
    _say(f"next: labsight desktop connect{which} --region {aws.region}")


@app.command()
def stop(
    stack: Stack = None, region: Region = None, profile: Profile = None, wait: Wait = True
) -> None:
    """Stop the desktop: its disk stays, and costs go down to those of the disk."""
    from labsight_lab.desktop.power import Power  # noqa: PLC0415

    aws, machine = _desktop(stack, region, profile)
    with _interruptible("the desktop stops all the same"):
        stopped = Power(aws.client("ec2"), _say).stop(machine, wait=wait)
    _say(f"{machine.id} is {stopped.state}")


@app.command()
def status(
    stack: Stack = None,
    region: Region = None,
    profile: Profile = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Say whether the desktop is on, since when, when it stops by itself, what it costs."""
    from labsight_lab.desktop import machine as machines  # noqa: PLC0415
    from labsight_lab.desktop import power  # noqa: PLC0415

    aws, machine = _desktop(stack, region, profile)
    gateways = machines.find_machines(aws.client("ec2"), machines.GATEWAY, machine.stack or None)
    told = power.report(machine, gateways)
    typer.echo(json.dumps(told, indent=2) if as_json else power.described(told))


@app.command()
def connect(
    stack: Stack = None,
    region: Region = None,
    profile: Profile = None,
    local_port: Annotated[
        int | None,
        typer.Option(
            min=1, max=65535, help="Port on this machine. Default: 13389, for Linux 8443."
        ),
    ] = None,
    start_first: Annotated[
        bool, typer.Option("--start", help="Start the desktop if it is off.")
    ] = False,
    key: KeyFile = None,
) -> None:
    """Open a tunnel to the desktop and keep it open until Ctrl-C."""
    from labsight_lab.desktop import requirements, tunnel  # noqa: PLC0415
    from labsight_lab.desktop.machine import look  # noqa: PLC0415
    from labsight_lab.desktop.power import Power  # noqa: PLC0415

    cli = requirements.aws_cli()
    aws, machine = _desktop(stack, region, profile)
    if key is not None and not machine.linux:
        raise InvalidInput(
            f"--key: {machine.id} is a Windows desktop, which takes a password; "
            "labsight desktop password shows it"
        )
    port = local_port or (tunnel.VIEWER_PORT if machine.linux else tunnel.WINDOWS_LOCAL)
    requirements.free_port(port)
    if machine.by_session_manager:
        requirements.session_manager_plugin()
    elif machine.linux:
        requirements.ssh()
    ec2 = aws.client("ec2")
    with _interruptible("the desktop goes on; to stop it: labsight desktop stop"):
        if start_first:
            machine = Power(ec2, _say).start(machine)
        if machine.state != "running":
            raise Conflict(f"{machine.id} is {machine.state}; start it, or connect with --start")
        way = tunnel.Way(
            cli=cli, machine=machine, region=aws.region, local_port=port, profile=profile, key=key
        )
        typer.echo(way.advice())
        tunnel.Tunnel(
            way.command(), lambda: look(ec2, machine.id).state in {"pending", "running"}, _say
        ).hold()


@app.command()
def password(
    stack: Stack = None, region: Region = None, profile: Profile = None, key: KeyFile = None
) -> None:
    """Print the desktop's password, alone on a line."""
    from labsight_lab.desktop import password as passwords  # noqa: PLC0415

    aws, machine = _desktop(stack, region, profile)
    found = passwords.password(aws, machine, key)
    _say("this password opens the desktop with all rights: leave it in no file and no message")
    typer.echo(found)


@app.command("stage-tools")
def stage_tools(
    folder: Annotated[Path, typer.Argument(help="The folder with the installers, as downloaded.")],
    bucket: Annotated[
        str | None,
        typer.Option(help="The stack's output archive_bucket. Default: that of the desktop."),
    ] = None,
    stack: Stack = None,
    region: Region = None,
    profile: Profile = None,
) -> None:
    """Give the desktop its programs: QuPath, the AWS CLI, DCV.

    It has no way to the internet, so it takes them from the archive, and installs only what has the
    SHA-256 that is noted here.
    """
    from labsight_lab.desktop.stage import Stage  # noqa: PLC0415
    from labsight_lab.desktop.tools import wanted  # noqa: PLC0415

    if bucket is None:
        aws, machine = _desktop(stack, region, profile)
        bucket = machine.bucket
        if not bucket:
            raise InvalidInput(f"{machine.id} names no archive; give --bucket")
    else:
        aws = _aws(region, profile)
    with _interruptible("run it again: it sends only what is not there yet"):
        missing = Stage(aws.client("s3"), bucket, _say).send(folder)
    if missing:
        _say(f"still missing:\n{wanted(missing)}")
        raise typer.Exit(1)


def _desktop(stack: str | None, region: str | None, profile: str | None) -> "tuple[Aws, Machine]":
    aws = _aws(region, profile)
    from labsight_lab.desktop.machine import find_desktop  # noqa: PLC0415

    return aws, find_desktop(aws.client("ec2"), stack, aws.region)


def _aws(region: str | None, profile: str | None) -> "Aws":
    try:
        from labsight_lab.desktop.aws import Aws  # noqa: PLC0415
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in {"boto3", "botocore"}:
            raise
        raise SettingsError(
            "labsight desktop needs boto3, which is not installed: install labsight's wheel with "
            "[lab]"
        ) from error
    return Aws(region, profile)


@contextmanager
def _interruptible(advice: str) -> Iterator[None]:
    """End with 130 after Ctrl-C, as a shell expects, and say what became of the work."""
    try:
        yield
    except KeyboardInterrupt:
        _say(f"interrupted; {advice}")
        raise typer.Exit(130) from None


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
