"""Exports for tests, and runs of them that are killed wherever a test wants."""

import io
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from labsight.slides.export.options import Options, Target
from labsight.slides.export.run import Exported, export
from labsight.slides.export.source import opened
from labsight.slides.view import default_view

# Kills its own process at the n-th call of a function of os: before it, in its midst, or behind it.
_KILLED = """
import os, signal, sys, tempfile
from pathlib import Path
from tests.support.exports import run_export
name, at, when = sys.argv[4], int(sys.argv[5]), sys.argv[6]
real, calls = getattr(os, name), 0

def counted(*given, **named):
    global calls
    calls += 1
    if calls == at:
        if when == "midst":
            real(given[0], bytes(given[1])[: len(given[1]) // 2])
        if when == "behind":
            real(*given, **named)
        os.kill(os.getpid(), signal.SIGKILL)
    return real(*given, **named)

tempfile.gettempdir()  # writes, to find out whether it may
setattr(os, name, counted)
run_export(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
"""


@dataclass
class Told:
    """What an export told of its progress."""

    tiles: int = 0
    done: int = 0
    written: int = 0
    bytes: int = 0

    def begin(self, tiles: int, done: int) -> None:
        self.tiles, self.done = tiles, done

    def moved(self, tiles: int, written: int) -> None:
        self.written += tiles
        self.bytes += written


def run_export(
    slide: Path | str, target: str, to: Path | None, told: Told | None = None, **options: Any
) -> Exported:
    """Export a slide with the view that viewers begin with."""
    with opened(str(slide)) as source:
        chosen = Options(view=default_view(source.index.axes), **options)
        return export(source, Target(target), to, chosen, told or Told())


def killed_export(
    slide: Path, target: str, to: Path, call: str = "write", at: int = 1, when: str = "midst"
) -> None:
    """Export in another process and kill it there, at the ``at``-th call of ``os.<call>``."""
    command = [sys.executable, "-c", _KILLED, str(slide), target, str(to), call, str(at), when]
    ended = subprocess.run(command, cwd=Path(__file__).parents[2], check=False, capture_output=True)
    assert ended.returncode == -9, ended.stderr.decode()


def contents(place: Path) -> dict[str, bytes]:
    """Return all files below a folder, or a file itself, by their paths."""
    if place.is_file():
        return {place.name: place.read_bytes()}
    files = (path for path in place.rglob("*") if path.is_file())
    return {path.relative_to(place).as_posix(): path.read_bytes() for path in files}


def pixels(data: bytes) -> NDArray[np.int16]:
    """Return a picture's pixels as RGB."""
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image.convert("RGB")).astype(np.int16)
