"""What the service managers of the three operating systems have in common."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from labsight_lab.service.spec import ServiceSpec


@dataclass(frozen=True)
class Step:
    """A command to run. ``advice``: what to do when it fails; ``tries`` are a second apart.

    ``only_if``: a command that fails where this one has nothing to do.
    """

    argv: tuple[str, ...]
    only_if: tuple[str, ...] = ()
    may_fail: bool = False
    tries: int = 1
    advice: str = ""


class Manager(Protocol):
    """Writes services for one operating system, and knows the commands that go with them."""

    @property
    def suffix(self) -> str:
        """How the names of the files end in which services are written down."""
        ...

    def folder(self, *, system: bool) -> Path:
        """Return where services are written down."""
        ...

    def written(self, spec: ServiceSpec) -> bytes:
        """Return what is written; raise InvalidInput for a value that it cannot hold."""
        ...

    def settings_of(self, data: bytes) -> str | None:
        """Return the settings file of a service that labsight wrote, None for any other's."""
        ...

    def start(self, name: str, file: Path, *, system: bool) -> list[Step]:
        """Return what makes a service run that was just written, or written anew."""
        ...

    def stop(self, name: str, file: Path, *, system: bool) -> list[Step]:
        """Return what ends a service, before its file is removed."""
        ...

    def forget(self, name: str, *, system: bool) -> list[Step]:
        """Return what is left to do once the file is removed."""
        ...

    def ask(self, name: str, *, system: bool) -> tuple[str, ...]:
        """Return the command that tells how a service is."""
        ...

    def told(self, answer: str) -> str:
        """Return what matters of that command's answer."""
        ...

    def advice(self, spec: ServiceSpec) -> Iterator[str]:
        """Yield what a person should know or do besides."""
        ...
