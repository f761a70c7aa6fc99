"""What a scanner's own software declares finished: by a ``*.complete`` file, or by a manifest.

It knows better than any quiet period or check. A declaration that is older than the data is none.
What a manifest calls unfinished is not finished, whatever else is said of it.
"""

import os
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from labsight_lab.sync.finished.manifest import Manifest, Told
from labsight_lab.sync.finished.markers import SLACK_NS, Markers, folders_above
from labsight_lab.sync.finished.signs import MARKER, is_manifest, is_marker
from labsight_lab.sync.look.group import LONE_FILE, Group, folder_of
from labsight_lab.sync.look.scan import Seen
from labsight_lab.sync.source import opened
from labsight_lab.text import count


class Doubt(NamedTuple):
    """Why its writer does not hold something for finished, and when the manifest was written."""

    reason: str
    mtime_ns: int


@dataclass
class _Read:
    """A manifest as it was when it was read: ``status`` is its size and time."""

    path: str
    manifest: Manifest = field(default_factory=Manifest)
    status: tuple[int, int] | None = None


class Declarations:
    """What is declared finished in a folder; manifests are read again only when they changed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._markers = Markers((), ())
        self._manifests: dict[str, _Read] = {}
        self._by_folder: dict[str, list[_Read]] = {}

    def look(self, files: Sequence[Seen]) -> None:
        """Learn what is declared now, from all files of the folder; others may ask meanwhile."""
        signs = [seen for seen in files if seen[0].lower().endswith((MARKER, ".jsonl"))]
        manifests: dict[str, _Read] = {}
        by_folder: dict[str, list[_Read]] = defaultdict(list)
        for path in (seen.path for seen in signs if is_manifest(seen.path)):
            read = self._manifests.get(path) or _Read(path)
            if self._is_read(path, read):
                manifests[path] = read
                by_folder[folder_of(path)].append(read)
        self._markers = Markers([seen for seen in signs if is_marker(seen.path)], files)
        self._manifests, self._by_folder = manifests, by_folder

    def of(self, group: Group) -> Mapping[str, int] | None:
        """Return the CRC-64 by path of those files that were declared with one.

        None if the group is not declared finished. One that lacks a file never is.
        """
        if group.missing or not (self._markers or self._manifests) or self.doubt(group):
            return None
        told = {seen.path: self._told(seen) for seen in group.members}
        if not self._markers.tell_of(group) and None in told.values():
            return None
        return {path: one.crc64 for path, one in told.items() if one and one.crc64 is not None}

    def doubt(self, group: Group) -> Doubt | None:
        """Return why a manifest says that a group is not finished, or None if none does."""
        if not self._manifests:
            return None
        for seen in group.members:
            for said in self._said(seen):
                if isinstance(said, Doubt):
                    about = "" if group.kind == LONE_FILE else f"{seen.path}: "
                    return said._replace(reason=f"{about}{said.reason}")
        return None

    def _told(self, seen: Seen) -> Told | None:
        """Return what is declared of one file, None if nothing is."""
        told = next((said for said in self._said(seen) if isinstance(said, Told)), None)
        return told or (Told() if self._markers.tell_of_file(seen) else None)

    def _said(self, seen: Seen) -> Iterator[Told | Doubt]:
        """Yield what the manifests beside and above a file say of it."""
        for folder in ("", *(f"{one}/" for one in folders_above(seen.path))):
            for read in self._by_folder.get(folder, ()):
                said = _said_by(read, seen, seen.path[len(folder) :])
                if said is not None:
                    yield said

    def _is_read(self, path: str, known: _Read) -> bool:
        """Bring a manifest up to date; say whether it can be used."""
        try:
            with opened(self._folder / path) as file:
                # A listing on Windows tells of an open file late; the file itself knows.
                status = os.fstat(file.fileno())
                now = status.st_size, status.st_mtime_ns
                if now != known.status:
                    known.manifest.read(file, status.st_size)
                    known.status = now
        except FileNotFoundError:
            return False
        except OSError:  # for a while: what it said still stands
            return bool(known.status)
        return True


def _said_by(read: _Read, seen: Seen, below: str) -> Told | Doubt | None:
    """Return what a manifest says of the file at ``below`` its folder, as far as it holds.

    What it says of the file itself comes before what it says of a folder.
    """
    manifest, (_, mtime_ns) = read.manifest, read.status or (0, 0)
    told, state = manifest.files.get(below), manifest.taken_back.get(below)
    if told is not None and told.size is not None:
        if told.size == seen.size:
            return told
        return Doubt(
            f"{read.path} says that it has {count(told.size, 'byte')}, and it has {seen.size:,}",
            mtime_ns,
        )
    if told is None and state is None:
        above = list(folders_above(below))
        states = (manifest.taken_back[one] for one in above if one in manifest.taken_back)
        state = next(states, None)
        if state is None and manifest.folders.isdisjoint(above):
            return None
    if state is not None:
        return Doubt(f"{read.path} says {state!r} of it, not 'complete'", mtime_ns)
    return (told or Told()) if mtime_ns >= seen.mtime_ns - SLACK_NS else None
