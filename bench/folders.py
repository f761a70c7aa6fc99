"""Where the benchmarks find and keep things."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CACHE = ROOT / ".cache" / "bench"  # slides that are made once; everything else is temporary
PEERS_SYNC = ROOT / ".cache" / "peers-sync"  # the environment of what uploads, too
PEERS_PYTHON = ROOT / ".cache" / "peers" / "bin" / "python"
SAMPLE = ROOT / "sample-data" / "slides" / "breast-he.svs"


class NotMeasured(Exception):
    """A line cannot be measured here; the message says why and what to do."""


def real_slide(name: str) -> Path | None:
    """Return a real scan out of the folder that LABSIGHT_REAL_DATA names, if there is one."""
    folder = os.environ.get("LABSIGHT_REAL_DATA")
    path = Path(folder or "", "slides", name)
    return path if folder and path.is_file() else None
