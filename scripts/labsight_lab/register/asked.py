"""What was typed: keys of the archive, or files and folders of the lab that stand for keys."""

import os
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from labsight.errors import InvalidInput
from labsight.keys import SLIDES, SlideKey
from labsight_lab.sync.journal.journal import Journal
from labsight_lab.sync.look.candidate import object_key
from labsight_lab.sync.target import Target


class Asked(NamedTuple):
    """One thing as it was typed, and its key; with ``/`` at the end all keys below it."""

    typed: str
    key: str


@dataclass(frozen=True, kw_only=True)
class Lab:
    """Where the lab's files lie, as far as it was told."""

    bucket: str
    folder: Path | None = None
    source: str | None = None
    endpoint: str | None = None
    journal: Path | None = None


def asked(things: tuple[str, ...], lab: Lab) -> list[Asked]:
    """Return what is meant; raise InvalidInput for what has no place in the archive."""
    local = [thing for thing in things if not _is_key(thing)]
    keys = dict(zip(local, _keys_of(local, lab), strict=True)) if local else {}
    return [Asked(thing, keys.get(thing, thing)) for thing in things]


def _is_key(thing: str) -> bool:
    return thing.startswith(SLIDES) and not os.path.lexists(thing)


def _keys_of(things: list[str], lab: Lab) -> list[str]:
    if lab.folder is None or lab.source is None:
        raise InvalidInput(
            f"{things[0]}: which folder is synchronised, and under which name, has to be known to "
            "register local files: give --folder and --source, or set folder.path and "
            f"folder.source in the settings file. (A key of the archive starts with {SLIDES})"
        )
    target = Target(
        folder=lab.folder.resolve(),
        bucket=lab.bucket,
        source=lab.source,
        endpoint=lab.endpoint,
        journal=lab.journal,
    )
    paths = [_path_of(Path(thing), target.folder) for thing in things]
    if not target.journal_file.exists():
        return [_key_of(path, target, None) for path in paths]
    with closing(Journal(target.journal_file, target.identity)) as journal:
        return [_key_of(path, target, journal) for path in paths]


def _path_of(thing: Path, folder: Path) -> str:
    """Return a path relative to the folder, with ``/`` at its end for a folder.

    A relative path is one of the current folder or else of the lab's; links are resolved, as those
    to the folder were.
    """
    places = [place.resolve() for place in (Path.cwd() / thing, folder / thing)]
    inside = [place for place in places if place == folder or folder in place.parents]
    if not inside:
        raise InvalidInput(f"{thing} is not in {folder}, the folder that is synchronised")
    place = next((place for place in inside if place.exists()), inside[0])
    path = place.relative_to(folder).as_posix()
    if path == ".":
        return ""
    return f"{path}/" if place.is_dir() else path


def _key_of(path: str, target: Target, journal: Journal | None) -> str:
    """Return the key of a file's last revision, or of the unit that it is a part of."""
    if not path:
        return f"{SLIDES}{target.source}/"
    if path.endswith("/"):
        return f"{SlideKey(target.source, path[:-1])}/"
    entry = journal.entry(path) if journal else None
    if entry is not None and entry.unit and journal is not None:
        path, entry = entry.unit, journal.entry(entry.unit)
    return object_key(target.source, path, max(1, entry.revision) if entry else 1)
