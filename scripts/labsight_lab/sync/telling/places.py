"""Where a folder's log lies."""

from pathlib import Path

from labsight_lab.sync.target import Target


def log_place(target: Target, state: Path) -> Path:
    """Return the file of a target's log, which has the name of its journal; it may not exist."""
    folder = target.log_folder or state / "logs"
    return folder / f"{Path(target.identity.file_name()).stem}.jsonl"
