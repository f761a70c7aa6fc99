"""A service of launchd: the property list and the commands that go with it.

Its keys: `man launchd.plist`.
"""

import plistlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.parsers.expat import ExpatError

from labsight_lab.service.manager import Step
from labsight_lab.service.spec import ServiceSpec

_MATTERS = re.compile(r"\s*(state|pid|runs|last exit code) = ")
_CONFIG = "--config"


def plist(spec: ServiceSpec) -> bytes:
    """Return the property list of a service."""
    entries = {
        "Label": spec.name,
        "ProgramArguments": list(spec.command),
        "WorkingDirectory": spec.working_dir,
        "EnvironmentVariables": dict(spec.environment),
        "RunAtLoad": True,
        "KeepAlive": True,
        "ThrottleInterval": 30,  # seconds between two starts
        "ExitTimeOut": 30,
        "LowPriorityIO": True,
        "Nice": 10,
        "Umask": 0o077,
        # Progress is told on standard output, every half minute: nobody would ever delete it.
        "StandardOutPath": "/dev/null",
        "StandardErrorPath": spec.said,
        "UserName": spec.user if spec.system else "",
    }
    return plistlib.dumps(
        {name: value for name, value in entries.items() if value not in ("", {})}, sort_keys=False
    )


def settings_of(data: bytes) -> str | None:
    """Return the settings file of a list that labsight wrote, None for any other."""
    try:
        words = plistlib.loads(data)["ProgramArguments"]
        return str(words[-1]) if words[-2] == _CONFIG else None
    except (plistlib.InvalidFileException, ExpatError, LookupError, TypeError, ValueError):
        return None


@dataclass(frozen=True)
class Launchd:
    """The service manager of macOS; ``uid`` is the number of the user whose ``home`` it is."""

    home: Path
    uid: int
    root: Path = Path("/")
    suffix: str = ".plist"

    def folder(self, *, system: bool) -> Path:
        """Return where daemons of the machine, or agents of the user, belong."""
        return self.root / "Library/LaunchDaemons" if system else self.home / "Library/LaunchAgents"

    def written(self, spec: ServiceSpec) -> bytes:
        """Return the property list."""
        return plist(spec)

    def settings_of(self, data: bytes) -> str | None:
        """Return the settings file of a list that labsight wrote."""
        return settings_of(data)

    def start(self, name: str, file: Path, *, system: bool) -> list[Step]:
        """Return what makes it run; launchd takes a list anew only when the old one is gone."""
        return [
            *self.stop(name, file, system=system),
            Step(
                ("launchctl", "bootstrap", self._domain(system=system), str(file)),
                tries=10,  # it refuses while the old one still ends
                advice="you have to be logged in at the screen of this computer, and it must not "
                f"have been disabled: launchctl enable {self._job(name, system=system)}",
            ),
        ]

    def stop(self, name: str, file: Path, *, system: bool) -> list[Step]:  # noqa: ARG002
        """Return what ends it; it fails for what does not run."""
        return [Step(("launchctl", "bootout", self._job(name, system=system)), may_fail=True)]

    def forget(self, name: str, *, system: bool) -> list[Step]:  # noqa: ARG002
        """Return nothing: launchd forgets what it does not run."""
        return []

    def ask(self, name: str, *, system: bool) -> tuple[str, ...]:
        """Return the command that shows the job."""
        return ("launchctl", "print", self._job(name, system=system))

    def told(self, answer: str) -> str:
        """Return the few lines of the many that tell how it is."""
        lines = [line.strip() for line in answer.splitlines() if _MATTERS.match(line)]
        return "\n".join(lines) or answer

    def advice(self, spec: ServiceSpec) -> Iterator[str]:
        """Yield where it tells what it does, and what macOS may keep from it."""
        if not spec.system:
            yield "it runs while you are logged in"
        yield f"its messages: {spec.said}"
        place = "System Settings, Privacy & Security, Full Disk Access"
        yield f"if it cannot read the folder of the slides: {place}, add {spec.executable[0]}"

    def _domain(self, *, system: bool) -> str:
        return "system" if system else f"gui/{self.uid}"

    def _job(self, name: str, *, system: bool) -> str:
        return f"{self._domain(system=system)}/{name}"
