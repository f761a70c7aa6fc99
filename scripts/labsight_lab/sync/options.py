"""What `labsight sync` is asked to do."""

from dataclasses import dataclass, field
from pathlib import Path

from labsight_lab.sync.look.id_table import Columns
from labsight_lab.sync.target import Target


@dataclass(frozen=True, kw_only=True)
class SyncOptions:
    """What was asked for, on the command line or in the settings file.

    ``include`` and ``exclude`` are patterns for names. ``quiet_period``, ``incomplete_after`` (how
    long a file may stay incomplete before it counts as failed) and ``rescan`` (from one look at the
    folder to the next) are in seconds, ``memory`` in bytes. ``limit`` is the text of a timetable.
    ``folder_setting`` is where the folder is set, for messages; None if it was given as an option.
    """

    target: Target
    folder_setting: str | None = field(default=None, compare=False)
    watch: bool = False
    dry_run: bool = False
    as_json: bool = False
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    quiet_period: float | None = None
    incomplete_after: float = 86_400.0
    send_incomplete: bool = False
    rescan: float = 5.0
    events: bool = True
    ids_pattern: str | None = None
    ids_table: Path | None = None
    ids_columns: Columns = field(default_factory=Columns)
    limit: str | None = None
    connections: int = 128
    memory: int = 96 << 20
