r"""Names as Windows takes them: pure functions, which any system can test.

Win32 reads more into a path than its file system does: it strips dots and spaces from the end of
names, takes ``aux.svs`` for a device, and stops at 259 characters. A path that starts with ``\\?\``
is taken as it stands, so that files that another system made there can be opened, too.
https://learn.microsoft.com/en-us/windows/win32/fileio/naming-a-file
"""

import ntpath
import re
import unicodedata
from collections.abc import Iterable
from pathlib import PureWindowsPath

from labsight.errors import InvalidInput

_VERBATIM = "\\\\?\\"
_VERBATIM_SHARE = "\\\\?\\UNC\\"
_DEVICES = "\\\\.\\"
_STRIPPED_ENDS = re.compile(r"[. ]+(?=/|\Z)")


def extended(path: PureWindowsPath | str) -> str:
    r"""Return an absolute path in the form that Windows takes as it stands.

    ``C:\a`` becomes ``\\?\C:\a``, ``\\server\share\a`` becomes ``\\?\UNC\server\share\a``; what
    starts with ``\\?\`` stays. Raises InvalidInput for any other path: what it is relative to, only
    the caller knows.
    """
    text = str(path).replace("/", "\\")
    if text.startswith(_VERBATIM):
        return text
    pure = PureWindowsPath(text)
    if text.startswith(_DEVICES) or not pure.is_absolute():
        raise InvalidInput(
            f"{text[:80]!r} is no full path: write it with its drive and a backslash "
            "(D:\\slides), or as \\\\server\\share\\folder"
        )
    names = "\\".join(_without_steps_up(pure.parts[1:]))
    if pure.drive.startswith("\\\\"):
        return f"{_VERBATIM_SHARE}{pure.drive[2:]}\\{names}"
    return f"{_VERBATIM}{pure.drive}\\{names}"


def file_in(folder: PureWindowsPath | str, path: str) -> str:
    """Return what to open for a file at ``path`` (with ``/``) below a folder, whatever its name.

    Raises InvalidInput as ``extended`` does, and for a name that means a stream of a file.
    """
    for name in path.split("/"):
        if has_stream(name):
            raise InvalidInput(
                f"{name[:80]!r} means a stream beside a file: name the file, without what follows "
                "the colon"
            )
    return "\\".join([extended(folder).rstrip("\\"), *path.split("/")])


def is_elsewhere(folder: str, path: str, found: str) -> bool:
    """Whether a file at ``path`` below a folder was ``found`` to lie elsewhere, all links followed.

    ``folder`` is where that really is; one of a whole drive or share ends with a backslash.
    """
    straight = "\\".join([folder.rstrip("\\"), *path.split("/")])
    return ntpath.normcase(found) != ntpath.normcase(straight)


def loses_its_end(name: str) -> bool:
    """Whether Win32 would look for another name, without the dots and spaces at the end."""
    return name.endswith((".", " "))


def has_stream(name: str) -> bool:
    """Whether a name means a stream beside a file's content, as ``a.svs:zone`` does."""
    return ":" in name


def folded(name: str) -> str:
    """Return the form under which names are one name to Windows, macOS and the archive's share.

    Windows compares capitals by a table of its own, one for one and without composing (``$UpCase``,
    which each volume has from the system that formatted it); macOS composes and folds by Unicode.
    Both are done here, capitals first for letters such as the dotless i, which folding alone keeps
    apart. That is too much now and then (``\u00df`` and ``ss``) and then asks for another name;
    too little would hide a slide. Works on names and on paths with ``/``.
    """
    if name.isascii():
        same = name.lower()
    else:
        capitals = unicodedata.normalize("NFD", name).upper()
        same = unicodedata.normalize("NFC", capitals.casefold())
    odd = "./" in same or " /" in same or loses_its_end(same)
    return _STRIPPED_ENDS.sub("", same) if odd else same


def clashes(names: Iterable[str]) -> tuple[tuple[str, ...], ...]:
    """Return the sets of names that are one name on Windows, macOS or the archive's share.

    ``names`` are relative paths with ``/``, or keys, which are the names that the share shows. A
    name that is given twice clashes with itself, as two slides of one ``unit.json`` do. A file
    clashes with a folder of its name, which then stands in the set with a ``/`` at its end. Folders
    whose names differ in capitals alone are left to be, unless files in them clash.
    """
    given = list(names)
    alike: dict[str, list[str]] = {}
    for name in given:
        alike.setdefault(folded(name), []).append(name)
    for folder in _folders(given):
        same = alike.get(folded(folder))
        if same is not None:
            same.append(f"{folder}/")
    return tuple(sorted(tuple(sorted(same)) for same in alike.values() if len(same) > 1))


def _folders(paths: Iterable[str]) -> set[str]:
    """Return all folders that the paths lead through."""
    found: set[str] = set()
    for path in paths:
        folder = path.rpartition("/")[0]
        while folder and folder not in found:
            found.add(folder)
            folder = folder.rpartition("/")[0]
    return found


def _without_steps_up(names: Iterable[str]) -> list[str]:
    """Follow ``..`` by the names alone, as Windows does."""
    kept: list[str] = []
    for name in names:
        if name == "..":
            del kept[-1:]
        else:
            kept.append(name)
    return kept
