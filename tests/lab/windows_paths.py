"""Paths as Win32 takes them, on any system."""

import os
from types import SimpleNamespace

import pytest

from labsight_lab.sync.look import scan

_VERBATIM = "\\\\?\\"
_LONGEST = 259  # characters
DEEP = "/".join(["a folder of a case"] * 20) + "/a.svs"


def take_paths_as_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have what lies at a long path found only by a path that asks for it as it stands."""
    lexists = os.path.lexists

    def found(path: str | os.PathLike[str]) -> bool:
        text = os.fspath(path)
        if not text.startswith(_VERBATIM) and len(text) > _LONGEST:
            return False
        return lexists(text.removeprefix(_VERBATIM))

    monkeypatch.setattr(os.path, "lexists", found)
    monkeypatch.setattr(scan, "sys", SimpleNamespace(platform="win32"))
    monkeypatch.setattr(scan, "extended", lambda text: _VERBATIM + text)
