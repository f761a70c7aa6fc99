"""What makes a machine a Windows workstation: its image, and the scripts that it runs."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from components.user_data.template import fitting, script

IMAGE = "/aws/service/ami-windows-latest/Windows_Server-2025-English-Full-Base"
PORT = 3389  # remote desktop
USER = "Administrator"
BUSY_PERCENT = 20  # of all processors; an idle Windows stays below

_BASE_DRIVES = frozenset("ABC")


@dataclass(frozen=True, kw_only=True)
class WindowsSettings:
    """All that the scripts are told; secrets by ARN, never by value.

    ``shares`` is the path of each drive letter. Without ``share_secret`` nobody signs in to the
    shares but the user of the desktop.
    """

    region: str
    bucket: str
    tools: str
    idle_minutes: int
    password_secret: str = ""
    share_secret: str = ""
    share_user: str = ""
    shares: Mapping[str, str] = field(default_factory=dict)


def check_drives(letters: Mapping[str, object]) -> None:
    """Refuse drive letters that Windows does not give to a share."""
    for letter in letters:
        if not (len(letter) == 1 and "A" <= letter <= "Z") or letter in _BASE_DRIVES:
            raise ValueError(f"drives: a share is mapped as D to Z, got {letter!r}")


def user_data(settings: WindowsSettings) -> str:
    """Return what EC2Launch runs at every boot.

    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-windows-user-data.html
    """
    check_drives(settings.shares)
    boot = script(
        "windows/boot.ps1",
        {
            "SETTINGS": _data_file(settings),
            "COMMON": script("windows/common.ps1"),
            "SETUP": script("windows/setup.ps1"),
            "LOG_IN": script("windows/log-in.ps1"),
            "IDLE": script("windows/idle.ps1", {"BUSY_PERCENT": str(BUSY_PERCENT)}),
        },
    )
    return fitting(f"<powershell>\n{boot}\n</powershell>\n<persist>true</persist>\n")


def _data_file(settings: WindowsSettings) -> str:
    """Write the settings as a PowerShell data file, which holds values and runs nothing."""
    shares = "; ".join(f"{k} = {_quoted(v)}" for k, v in sorted(settings.shares.items()))
    return "\n".join(
        [
            "@{",
            f"    Region = {_quoted(settings.region)}",
            f"    Bucket = {_quoted(settings.bucket)}",
            f"    Tools = {_quoted(settings.tools)}",
            f"    IdleMinutes = {settings.idle_minutes:d}",
            f"    PasswordSecret = {_quoted(settings.password_secret)}",
            f"    ShareSecret = {_quoted(settings.share_secret)}",
            f"    ShareUser = {_quoted(settings.share_user)}",
            f"    Shares = @{{ {shares} }}" if shares else "    Shares = @{}",
            "}",
        ]
    )


def _quoted(text: str) -> str:
    """Write text for PowerShell, in which nothing is taken for anything else.

    Its parser takes typographic quotes for plain ones, so text is ASCII.
    """
    if not text.isascii() or not text.isprintable():
        raise ValueError(f"{text!r}: the workstation's settings are printable ASCII")
    doubled = text.replace("'", "''")
    return f"'{doubled}'"
