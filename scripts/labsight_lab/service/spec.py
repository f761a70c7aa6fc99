"""What a service is, before it is written down for one operating system."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field

from labsight.errors import InvalidInput
from labsight_lab.text import shown

PREFIX = "labsight"
_NOT_IN_A_NAME = re.compile(r"[^a-z0-9._-]+")
_LONGEST_NAME = 100
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NONCHARACTERS = "\ufffe\uffff"


@dataclass(frozen=True, kw_only=True)
class ServiceSpec:
    """A service that sends one scanner's slides.

    ``executable`` starts labsight; paths are those of the machine that the service is for.
    ``system``: it starts with the machine, as ``user``; otherwise with that user's own session.
    ``said``: the file that launchd, which keeps no journal, writes the service's messages to.
    Values that no service file can hold are refused with InvalidInput.
    """

    name: str
    executable: tuple[str, ...]
    settings: str
    user: str
    working_dir: str
    system: bool = False
    environment: Mapping[str, str] = field(default_factory=dict)
    said: str = ""

    def __post_init__(self) -> None:
        for what, value in (
            ("settings file", self.settings),
            ("folder", self.working_dir),
            ("user", self.user),
            *(("program", word) for word in self.executable),
            *((f"variable {name}", value) for name, value in self.environment.items()),
        ):
            _check(what, value)
        for name in self.environment:
            if not _VARIABLE.fullmatch(name):
                raise InvalidInput(f"{shown(name)!r} cannot be the name of a variable")

    @property
    def command(self) -> tuple[str, ...]:
        """What the service runs, word by word."""
        return (*self.executable, "sync", "--watch", "--config", self.settings)


def service_name(stem: str) -> str:
    """Return the name of the service of ``STEM.toml``: ``labsight-scanner-1``.

    Every operating system takes it. Stems that differ in case or marks only share a name; an
    installation that would replace another's is refused.
    """
    plain = unicodedata.normalize("NFKD", stem).encode("ascii", "ignore").decode().lower()
    short = _NOT_IN_A_NAME.sub("-", plain).strip("-._")[:_LONGEST_NAME]
    return PREFIX if short in {"", PREFIX} else f"{PREFIX}-{short}"


def _check(what: str, value: str) -> None:
    """Refuse control characters, halves of characters and what XML does not know."""
    if not value:
        raise InvalidInput(f"the service's {what} is empty")
    if any(unicodedata.category(c) in {"Cc", "Cs"} or c in _NONCHARACTERS for c in value):
        raise InvalidInput(
            f"the {what} '{shown(value)}' has characters that no service can be given; rename it"
        )
