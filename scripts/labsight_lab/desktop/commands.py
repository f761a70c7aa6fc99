"""`labsight desktop ...`: the operator's side of the viewer workstation."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from labsight.errors import Conflict, InvalidInput, SettingsError
from labsight_lab.commands.help import Group, option
from labsight_lab.commands.options import PATH

if TYPE_CHECKING:
    from labsight_lab.desktop.aws import Aws
    from labsight_lab.desktop.machine import Machine

the_stack = option(
    "--stack",
    metavar="NAME",
    envvar="LABSIGHT_STACK",
    show_envvar=True,
    help="The stack; needed when an account has several.",
)
the_region = option(
    "--region",
    metavar="NAME",
    help="The stack's region. Default: AWS_REGION or the profile's.",
)
the_profile = option(
    "--profile",
    metavar="NAME",
    help="Profile in the AWS configuration. Default: AWS_PROFILE.",
)
until_done = option(
    "--wait/--no-wait", default=True, show_default=True, help="Wait until it is done."
)
key_file = option("--key", type=PATH, metavar="FILE", help="Private key of the desktop's key pair.")


@click.group(cls=Group)
def desktop() -> None:
    """Switch the viewer workstation on and off, reach it, and give it its programs."""


@desktop.command()
@the_stack
@the_region
@the_profile
@until_done
def start(*, stack: str | None, region: str | None, profile: str | None, wait: bool) -> None:
    """Start the desktop, and say when it can be reached."""
    from labsight_lab.desktop.power import Power  # noqa: PLC0415 - boto3 only where it is needed

    aws, machine = _desktop(stack, region, profile)
    if machine.state == "running":
        _say(f"{machine.id} is running already")
    with _interruptible("the desktop starts all the same"):
        Power(aws.client("ec2"), _say).start(machine, wait=wait)
    which = f" --stack {machine.stack}" if machine.stack else ""
    _say(f"next: labsight desktop connect{which} --region {aws.region}")


@desktop.command()
@the_stack
@the_region
@the_profile
@until_done
def stop(*, stack: str | None, region: str | None, profile: str | None, wait: bool) -> None:
    """Stop the desktop: its disk stays, and costs go down to those of the disk."""
    from labsight_lab.desktop.power import Power  # noqa: PLC0415

    aws, machine = _desktop(stack, region, profile)
    with _interruptible("the desktop stops all the same"):
        stopped = Power(aws.client("ec2"), _say).stop(machine, wait=wait)
    _say(f"{machine.id} is {stopped.state}")


@desktop.command()
@the_stack
@the_region
@the_profile
@option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def status(*, stack: str | None, region: str | None, profile: str | None, as_json: bool) -> None:
    """Say whether the desktop is on, since when, when it stops by itself, what it costs."""
    from labsight_lab.desktop import machine as machines  # noqa: PLC0415
    from labsight_lab.desktop import power  # noqa: PLC0415

    aws, machine = _desktop(stack, region, profile)
    gateways = machines.find_machines(aws.client("ec2"), machines.GATEWAY, machine.stack or None)
    told = power.report(machine, gateways)
    click.echo(json.dumps(told, indent=2) if as_json else power.described(told))


@desktop.command()
@the_stack
@the_region
@the_profile
@option(
    "--local-port",
    type=click.IntRange(1, 65535),
    metavar="PORT",
    help="Port on this machine. Default: 13389, for Linux 8443.",
)
@option("--start", "start_first", is_flag=True, help="Start the desktop if it is off.")
@key_file
def connect(
    *,
    stack: str | None,
    region: str | None,
    profile: str | None,
    local_port: int | None,
    start_first: bool,
    key: Path | None,
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
        click.echo(way.advice())
        tunnel.Tunnel(
            way.command(), lambda: look(ec2, machine.id).state in {"pending", "running"}, _say
        ).hold()


@desktop.command()
@the_stack
@the_region
@the_profile
@key_file
def password(
    *, stack: str | None, region: str | None, profile: str | None, key: Path | None
) -> None:
    """Print the desktop's password, alone on a line."""
    from labsight_lab.desktop import password as passwords  # noqa: PLC0415

    aws, machine = _desktop(stack, region, profile)
    found = passwords.password(aws, machine, key)
    _say("this password opens the desktop with all rights: leave it in no file and no message")
    click.echo(found)


@desktop.command("stage-tools")
@click.argument("folder", type=PATH, help="The folder with the installers, as downloaded.")
@option(
    "--bucket",
    metavar="NAME",
    help="The stack's output archive_bucket. Default: that of the desktop.",
)
@the_stack
@the_region
@the_profile
def stage_tools(
    *,
    folder: Path,
    bucket: str | None,
    stack: str | None,
    region: str | None,
    profile: str | None,
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
        sys.exit(1)


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
        sys.exit(130)


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
