"""What of a folder is sent, and how much of it at a time."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What to look at and what to send.

    ``incomplete_after``: seconds after which an unfinished group has failed. ``memory``: bytes of
    bodies that are sent at the same time.
    """

    folder: Path
    source: str
    include: tuple[str, ...]
    exclude: tuple[str, ...]
    send_incomplete: bool
    incomplete_after: float
    connections: int
    memory: int
