"""What `connect` needs on the operator's machine, each with where to get it."""

import os
import re
import shutil
import socket
import subprocess

from labsight.errors import Conflict, SettingsError

# The first with `ec2-instance-connect open-tunnel` and `ssh`.
# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/connect-using-eice.html
OLDEST = (2, 12)
_VERSION = re.compile(r"aws-cli/(\d+)\.(\d+)")
_GET_CLI = "https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html"
_GET_PLUGIN = (
    "https://docs.aws.amazon.com/systems-manager/latest/userguide/"
    "session-manager-working-with-install-plugin.html"
)


def aws_cli() -> str:
    """Return the AWS CLI's path; raise SettingsError when it is missing or too old."""
    path = shutil.which("aws")
    if path is None:
        raise SettingsError(f"the AWS CLI is missing; install version 2: {_GET_CLI}")
    try:
        run = subprocess.run(
            [path, "--version"], capture_output=True, text=True, timeout=60, check=False
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise SettingsError(
            f"{path} does not run ({error}); install it anew: {_GET_CLI}"
        ) from error
    said = (run.stdout + run.stderr).strip()
    version = _VERSION.search(said)
    if version is None:
        raise SettingsError(f"{path} --version says {said[:80]!r}; install version 2: {_GET_CLI}")
    found = int(version[1]), int(version[2])
    if found < OLDEST:
        raise SettingsError(
            f"{path} is version {found[0]}.{found[1]}; the tunnel needs {OLDEST[0]}.{OLDEST[1]} or "
            f"newer: {_GET_CLI}"
        )
    return path


def session_manager_plugin() -> None:
    """Raise SettingsError without the plugin that Session Manager's tunnels need."""
    if shutil.which("session-manager-plugin") is None:
        raise SettingsError(
            f"the AWS CLI's Session Manager plugin is missing; install it: {_GET_PLUGIN}"
        )


def ssh() -> None:
    """Raise SettingsError without an SSH client."""
    if shutil.which("ssh") is None:
        raise SettingsError(
            "the program ssh is missing; install OpenSSH (Windows: Settings, Optional features, "
            "OpenSSH Client)"
        )


def free_port(port: int) -> None:
    """Raise Conflict when something on this machine listens on the port already."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as trial:
        if os.name == "posix":  # on Windows this would share the port instead
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind(("127.0.0.1", port))
        except OSError as error:
            raise Conflict(
                f"port {port} of this machine is taken ({error.strerror}); is another tunnel open? "
                "Choose another port with --local-port"
            ) from error
