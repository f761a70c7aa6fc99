"""A service of systemd: the unit and the commands that go with it.

Quoting: https://www.freedesktop.org/software/systemd/man/latest/systemd.syntax.html and
systemd.service (command lines); what may be limited: systemd.exec.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from labsight.errors import InvalidInput
from labsight_lab.service.manager import Step
from labsight_lab.service.spec import ServiceSpec

_PLAIN = re.compile(r"[A-Za-z0-9_./:=+-]+")
_UNSAFE = re.compile(r"[\"'\\]")
_MARK = "# Settings: "
_OWN_SESSION = (
    "for a service of your own you have to be logged in here as yourself, not by su or sudo; one "
    "of the whole machine takes sudo and --system"
)

# A service that may neither gain rights nor use what it has no need of. Slides, journal and AWS
# settings lie anywhere, homes included, so files stay as open as they are to its user.
_LIMITS = """\
UMask=0077
NoNewPrivileges=yes
LockPersonality=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallErrorNumber=EPERM
SystemCallFilter=@system-service
"""
# These need rights that a user's own manager lacks on many systems, and it then starts nothing.
_SYSTEM_LIMITS = """\
CapabilityBoundingSet=
PrivateDevices=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectSystem=full
"""


def unit(spec: ServiceSpec) -> str:
    """Return the unit of a service; raise InvalidInput for a program that systemd cannot run."""
    network = "Wants=network-online.target\nAfter=network-online.target\n" if spec.system else ""
    user = f"User={_literal(spec.user)}\n" if spec.system else ""
    variables = "".join(
        f"Environment={_quoted(f'{name}={value}')}\n" for name, value in spec.environment.items()
    )
    program, *arguments = spec.command
    if _UNSAFE.search(program):
        raise InvalidInput(
            f"{program}: systemd runs no program with quotes or backslashes in its name; install "
            "labsight in another folder"
        )
    # Only the arguments may name variables, the program may not.
    words = [_quoted(program), *(_quoted(word.replace("$", "$$")) for word in arguments)]
    return f"""\
# Written by `labsight service install`; `labsight service uninstall` takes it away.
{_MARK}{json.dumps(spec.settings, ensure_ascii=False)}

[Unit]
Description=labsight sync ({spec.name})
StartLimitIntervalSec=0
{network}
[Service]
Type=exec
ExecStart={" ".join(words)}
WorkingDirectory={_literal(spec.working_dir.rstrip("/"))}/
{variables}{user}Restart=always
RestartSec=30
KillSignal=SIGINT
SuccessExitStatus=130
TimeoutStopSec=30
Nice=10
IOSchedulingPriority=7
{_LIMITS}{_SYSTEM_LIMITS if spec.system else ""}
[Install]
WantedBy={"multi-user" if spec.system else "default"}.target
"""


def settings_of(data: bytes) -> str | None:
    """Return the settings file of a unit that labsight wrote, None for any other."""
    for line in data.decode("utf-8", "replace").split("\n"):
        if line.startswith(_MARK):
            try:
                return str(json.loads(line.removeprefix(_MARK)))
            except ValueError:
                return None
    return None


def _literal(text: str) -> str:
    """Write a text that systemd takes as it stands, but for its specifiers."""
    return text.replace("%", "%%")


def _quoted(word: str) -> str:
    if _PLAIN.fullmatch(word):
        return word
    escaped = _literal(word).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


@dataclass(frozen=True)
class Systemd:
    """Linux's service manager; ``config`` is where the user's settings lie, ``root`` is /."""

    config: Path
    root: Path = Path("/")
    suffix: str = ".service"

    def folder(self, *, system: bool) -> Path:
        """Return where units of an administrator, or of a user, belong."""
        return self.root / "etc/systemd/system" if system else self.config / "systemd/user"

    def written(self, spec: ServiceSpec) -> bytes:
        """Return the unit."""
        return unit(spec).encode()

    def settings_of(self, data: bytes) -> str | None:
        """Return the settings file of a unit that labsight wrote."""
        return settings_of(data)

    def start(self, name: str, file: Path, *, system: bool) -> list[Step]:  # noqa: ARG002
        """Return what makes the unit run, now and from now on."""
        advice = "" if system else _OWN_SESSION
        return [
            Step(_systemctl("daemon-reload", system=system), advice=advice),
            Step(_systemctl("enable", name, system=system)),
            Step(_systemctl("restart", name, system=system)),
        ]

    def stop(self, name: str, file: Path, *, system: bool) -> list[Step]:  # noqa: ARG002
        """Return what ends the unit for good."""
        advice = "" if system else _OWN_SESSION
        return [Step(_systemctl("disable", "--now", name, system=system), advice=advice)]

    def forget(self, name: str, *, system: bool) -> list[Step]:
        """Return what makes systemd forget the unit, and that it ever failed."""
        return [
            Step(_systemctl("daemon-reload", system=system)),
            Step(_systemctl("reset-failed", name, system=system), may_fail=True),
        ]

    def ask(self, name: str, *, system: bool) -> tuple[str, ...]:
        """Return the command that shows the unit and its last messages."""
        return _systemctl("status", "--no-pager", "--lines=5", name, system=system)

    def told(self, answer: str) -> str:
        """Return all of it."""
        return answer

    def advice(self, spec: ServiceSpec) -> Iterator[str]:
        """Yield where it tells what it does, and how to let it run without anybody logged in."""
        if spec.system:
            yield f"its messages: journalctl -u {spec.name}"
            return
        yield f"its messages: journalctl --user -u {spec.name}"
        always = f"loginctl enable-linger {spec.user}"
        yield f"it runs while you are logged in; to let it run always, once: {always}"


def _systemctl(*words: str, system: bool) -> tuple[str, ...]:
    *options, last = words
    whose = () if system else ("--user",)
    unit_name = last if last == "daemon-reload" else f"{last}.service"
    return ("systemctl", *whose, *options, unit_name)
