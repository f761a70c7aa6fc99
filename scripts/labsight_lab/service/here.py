"""A machine and its user: which service manager there is, and what a service has to know."""

import getpass
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Literal

from labsight_lab.config import config_dir, state_dir
from labsight_lab.service.launchd import Launchd
from labsight_lab.service.manager import Manager
from labsight_lab.service.spec import ServiceSpec, service_name
from labsight_lab.service.systemd import Systemd
from labsight_lab.service.task_scheduler import TaskScheduler

Platform = Literal["linux", "windows", "macos"]
# What decides as whom and how the archive is reached, and where the journal is. No secrets: they
# belong in a profile, and a service's definition can be read by others.
CARRIED = (
    *("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_CA_BUNDLE"),
    *("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"),
    *("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"),
    *("HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy"),
    *("XDG_STATE_HOME", "XDG_CONFIG_HOME"),
)
ELSEWHERE = ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION")
SECRETS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")


@dataclass(frozen=True, kw_only=True)
class Here:
    """A machine, as seen by the user who sets a service up."""

    platform: Platform
    home: Path
    user: str
    python: str
    uid: int = 0
    environment: Mapping[str, str] = field(default_factory=dict)
    root: Path = Path("/")

    def manager(self, platform: Platform | None = None) -> Manager:
        """Return the service manager of this or another platform."""
        system = {"windows": "win32", "macos": "darwin"}.get(self.platform, "linux")
        config = config_dir(system, self.environment, self.home)
        managers: dict[Platform, Manager] = {
            "linux": Systemd(config.parent, self.root),
            "macos": Launchd(self.home, self.uid, self.root),
            "windows": TaskScheduler(state_dir(system, self.environment, self.home)),
        }
        return managers[platform or self.platform]

    def spec(
        self,
        settings: str,
        *,
        platform: Platform | None = None,
        system: bool = False,
        user: str = "",
        program: str = "",
    ) -> ServiceSpec:
        """Return the service of a settings file; ``platform`` and ``program`` as of elsewhere."""
        platform = platform or self.platform
        pure = (PureWindowsPath if platform == "windows" else PurePosixPath)(settings)
        user = user or self.user
        name = service_name(pure.stem)
        carried = CARRIED if platform == self.platform else ELSEWHERE
        return ServiceSpec(
            name=name,
            executable=(program or self.python, "-P", "-m", "labsight_lab"),
            settings=settings,
            user=user,
            working_dir=str(pure.parent),
            system=system,
            environment={
                variable: value
                for variable in carried
                if (value := self.environment.get(variable)) and not _holds_a_password(value)
            },
            said=f"{self._home_of(user, platform)}/Library/Logs/{name}.log",
        )

    def left_out(self) -> list[str]:
        """Return the variables that are set here and that no service is told, being secret."""
        return [
            name
            for name in (*SECRETS, *CARRIED)
            if (value := self.environment.get(name))
            and (name in SECRETS or _holds_a_password(value))
        ]

    def _home_of(self, user: str, platform: Platform) -> str:
        if platform == self.platform and user == self.user:
            return str(self.home)
        found = os.path.expanduser(f"~{user}")  # noqa: PTH111 - Path raises for an unknown user
        known_here = platform == self.platform and not found.startswith("~")
        return found if known_here else f"/Users/{user}"


def this_machine(platform: str = sys.platform, environment: Mapping[str, str] = os.environ) -> Here:
    """Describe this machine; anything that is neither Windows nor macOS counts as Linux."""
    kinds: dict[str, Platform] = {"win32": "windows", "darwin": "macos"}
    return Here(
        platform=kinds.get(platform, "linux"),
        home=Path.home(),
        user=_user(platform, environment),
        python=_python(platform, Path(sys.executable)),
        uid=os.getuid() if hasattr(os, "getuid") else 0,
        environment=dict(environment),
    )


def _user(platform: str, environment: Mapping[str, str]) -> str:
    name = getpass.getuser()
    domain = environment.get("USERDOMAIN")
    return f"{domain}\\{name}" if platform == "win32" and domain else name


def _python(platform: str, running: Path) -> str:
    """Return the Python that runs here; on Windows the one that opens no window."""
    without_window = running.with_name("pythonw.exe")
    if platform == "win32" and without_window.is_file():
        return str(without_window)
    return str(running)


def _holds_a_password(value: str) -> bool:
    return "://" in value and "@" in value
