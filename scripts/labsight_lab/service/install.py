"""Sets a service up, takes it away, and asks how it is; says each thing that it does.

Repeating is safe. Settings, journal and logs are never touched.
"""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from labsight.errors import Conflict, LabsightError, SettingsError
from labsight_lab.service.manager import Manager, Step
from labsight_lab.service.spec import PREFIX, ServiceSpec
from labsight_lab.text import shown

LONGEST_S = 120  # systemctl waits for a service that is to end

Say = Callable[[str], None]


@dataclass(frozen=True)
class Ran:
    """How a command ended, and what it said."""

    code: int
    said: str


Runner = Callable[[Sequence[str]], Ran]


def run(argv: Sequence[str]) -> Ran:
    """Run a command of the operating system; raise SettingsError when there is none such."""
    try:
        done = subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            # What Windows' own commands write in a console is in its old code page.
            encoding="oem" if sys.platform == "win32" else "utf-8",
            errors="replace",
            timeout=LONGEST_S,
            check=False,
        )
    except FileNotFoundError as error:
        raise SettingsError(
            f"there is no {argv[0]} on this computer; `labsight service print` shows what it would "
            "be given"
        ) from error
    except subprocess.TimeoutExpired:
        return Ran(1, f"no end after {LONGEST_S} s")
    return Ran(done.returncode, done.stdout.strip())


@dataclass(frozen=True)
class Installed:
    """A service that is set up here."""

    name: str
    settings: str
    file: Path
    system: bool


class Services:
    """The services of one machine."""

    def __init__(
        self,
        manager: Manager,
        say: Say,
        runner: Runner = run,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._manager, self._say, self._runner, self._pause = manager, say, runner, pause

    def install(self, spec: ServiceSpec) -> None:
        """Write a service and start it, or start it anew; raise Conflict for another's name."""
        file = self._file(spec.name, system=spec.system)
        data = self._manager.written(spec)
        for system in (False, True):
            self._check_is_of(spec.settings, self._file(spec.name, system=system))
        other = self._file(spec.name, system=not spec.system)
        if other.exists():
            raise Conflict(
                f"{spec.name} is installed already {_scope(system=not spec.system)} ({other}), and "
                "two of them would wait for each other: `labsight service uninstall` it first"
            )
        with _explained(file, system=spec.system):
            new = not file.exists()
            if not new and file.read_bytes() == data:
                self._say(f"{file} is as it has to be")
            else:
                _write(file, data)
                self._say(f"wrote {file}")
        try:
            self._do(self._manager.start(spec.name, file, system=spec.system))
        except LabsightError:
            if new:  # half a service would only be in the way
                with suppress(LabsightError):
                    self._end(spec.name, file, system=spec.system)
                file.unlink(missing_ok=True)
            raise
        self._say(f"{spec.name} is set up {_scope(system=spec.system)} and was started")
        for advice in self._manager.advice(spec):
            self._say(advice)

    def uninstall(self, name: str, settings: str) -> bool:
        """End a service and remove what its installation wrote; return whether there was one."""
        found = False
        for system in (False, True):
            file = self._file(name, system=system)
            if not file.exists():
                continue
            found = True
            self._check_is_of(settings, file)
            self._end(name, file, system=system)
        if found:
            self._say(f"{name} is gone; {shown(settings)}, the journal and the logs stay")
        else:
            self._say(f"{name} is not installed here: there is nothing to take away")
        return found

    def status(self, name: str | None = None) -> bool:
        """Tell how all services are, or one; return whether there are any and all answered well."""
        found = [one for one in self.installed() if name in {None, one.name}]
        if not found:
            what = name or "no service"
            self._say(
                f"{what} is {'not ' if name else ''}installed here; "
                "`labsight service install` sets one up"
            )
            return False
        well = True
        for one in found:
            self._say(f"{one.name} {_scope(system=one.system)}, settings {shown(one.settings)}")
            answer = self._runner(self._manager.ask(one.name, system=one.system))
            well = well and answer.code == 0
            for line in self._manager.told(answer.said).splitlines():
                self._say(f"  {shown(line)}")
        return well

    def installed(self) -> Iterator[Installed]:
        """Yield the services that labsight has set up here."""
        for system in (False, True):
            folder = self._manager.folder(system=system)
            for file in sorted(folder.glob(f"{PREFIX}*{self._manager.suffix}")):
                try:
                    settings = self._manager.settings_of(file.read_bytes())
                except OSError:
                    continue
                if settings is not None:
                    yield Installed(file.stem, settings, file, system)

    def _file(self, name: str, *, system: bool) -> Path:
        return self._manager.folder(system=system) / f"{name}{self._manager.suffix}"

    def _check_is_of(self, settings: str, file: Path) -> None:
        """Refuse to touch a service of the same name that belongs to something else."""
        if not file.exists():
            return
        with _explained(file, system=False):
            owner = self._manager.settings_of(file.read_bytes())
        if owner is None:
            raise Conflict(
                f"{file} was not written by labsight; give the settings file another name, "
                "which is the service's too"
            )
        if owner != settings:
            raise Conflict(
                f"{file.stem} is the service of {shown(owner)}, not of {shown(settings)}: give one "
                "of these files another name, which is the service's too; or, if it has moved: "
                f'labsight service uninstall --config "{shown(owner)}"'
            )

    def _end(self, name: str, file: Path, *, system: bool) -> None:
        self._do(self._manager.stop(name, file, system=system))
        with _explained(file, system=system):
            file.unlink()
        self._say(f"removed {file}")
        self._do(self._manager.forget(name, system=system))

    def _do(self, steps: list[Step]) -> None:
        for step in steps:
            if step.only_if and self._runner(step.only_if).code:
                continue
            command = " ".join(step.argv)
            for left in reversed(range(step.tries)):
                done = self._runner(step.argv)
                if not (done.code and left):
                    break
                self._pause(1.0)
            if done.code == 0:
                self._say(f"ran {command}")
            elif not step.may_fail:
                advice = f"; {step.advice}" if step.advice else ""
                said = shown(" ".join(done.said.split())) or "it gave no reason"
                raise LabsightError(f"`{command}` failed ({done.code}): {said}{advice}")


def _scope(*, system: bool) -> str:
    return "for the whole machine" if system else "for you"


def _write(file: Path, data: bytes) -> None:
    """Put a file in its place at once: a service manager may look at any moment."""
    file.parent.mkdir(parents=True, exist_ok=True)
    beside = file.with_name(f".{file.name}.new")
    beside.write_bytes(data)
    beside.chmod(0o644)  # launchd takes no file that others may write
    beside.replace(file)


@contextmanager
def _explained(file: Path, *, system: bool) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        advice = (
            "; a service of the whole machine is for administrators: run the same command with "
            "sudo, on Windows in a terminal opened with `Run as administrator`"
        )
        raise SettingsError(
            f"{file}: {error.strerror or error}{advice if system else ''}"
        ) from error
