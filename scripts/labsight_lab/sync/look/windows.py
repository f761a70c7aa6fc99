r"""Names as Windows takes them: pure functions, which any system can test.

Win32 reads more into a path than its file system does: it strips dots and spaces from the end of
names, takes ``aux.svs`` for a device, and stops at 259 characters. A path that starts with ``\\?\``
is taken as it stands, so that files that another system made there can be opened, too.
https://learn.microsoft.com/en-us/windows/win32/fileio/naming-a-file
"""

import re
import unicodedata
from collections.abc import Iterable
from pathlib import PureWindowsPath

from labsight.errors import InvalidInput

MAX_PATH = 259  # characters, without the NUL that ends a path
_VERBATIM = "\\\\?\\"
_VERBATIM_SHARE = "\\\\?\\UNC\\"
_DEVICES = "\\\\.\\"
_DRIVE = re.compile(r"[A-Za-z]:\\")
_DEVICE_NAMES = frozenset(
    {"CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"}
    | {f"{port}{number}" for port in ("COM", "LPT") for number in "123456789\u00b9\u00b2\u00b3"}
)
# What Windows makes up for programs of DOS: 8 and 3 characters, ``~`` and a number.
_SHORT = re.compile(r"(?=[^.]{3,8}(?:\.|\Z))[^\s.:/\\]{1,6}~[1-9][0-9]{0,5}(?:\.[^\s.:/\\]{1,3})?")
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


def plain(path: str) -> str:
    """Return a path as people write it: the inverse of ``extended``."""
    if path[: len(_VERBATIM_SHARE)].upper() == _VERBATIM_SHARE:
        return f"\\\\{path[len(_VERBATIM_SHARE) :]}"
    drive = path.removeprefix(_VERBATIM)
    return drive if _DRIVE.match(drive) else path


def file_in(folder: PureWindowsPath | str, path: str) -> str:
    """Return what to open for a file at ``path`` (with ``/``) below a folder, whatever its name.

    Raises InvalidInput as ``extended`` does, and for a name that means a stream of a file.
    """
    _check_names(path.split("/"), listed=True)
    return "\\".join([extended(folder).rstrip("\\"), *path.split("/")])


def is_device(name: str) -> bool:
    """Whether Windows takes a name for a device: ``aux``, ``COM1``, also ``nul.svs``."""
    stem = name.partition(".")[0].partition(":")[0]
    return stem.rstrip(" ").upper() in _DEVICE_NAMES


def loses_its_end(name: str) -> bool:
    """Whether Win32 would look for another name, without the dots and spaces at the end."""
    return name.endswith((".", " "))


def has_stream(name: str) -> bool:
    """Whether a name means a stream beside a file's content, as ``a.svs:zone`` does."""
    return ":" in name


def may_be_short(name: str) -> bool:
    """Whether a name looks like one that Windows made up for a longer one: ``SLIDES~1``."""
    return _SHORT.fullmatch(name) is not None


def needs_extended(path: PureWindowsPath | str) -> bool:
    """Whether only the extended form leads to a file: programs of the desktop may not open it."""
    pure = PureWindowsPath(path)
    names = pure.parts[1:] if pure.anchor else pure.parts
    odd = any(is_device(name) or loses_its_end(name) for name in names if name != "..")
    return odd or len(str(pure)) > MAX_PATH


def relative_key_path(
    root: PureWindowsPath | str, path: PureWindowsPath | str, *, listed: bool = False
) -> str:
    """Return the path below ``root`` with ``/`` between its names, for the journal and for keys.

    Short and long name, or other capitals, would give one file two keys, and only the file system
    knows how it spells a name. ``listed`` says that it was asked: its listing of a folder, or
    ``Path.resolve``, tells the long name in its own spelling. Otherwise what looks like a short
    name is refused. Raises InvalidInput, also for a path outside ``root`` and for streams.
    """
    below = PureWindowsPath(plain(extended(path)))
    try:
        relative = below.relative_to(plain(extended(root)))
    except ValueError:
        raise InvalidInput(
            f"{str(below)[:160]!r} is not in the folder {str(root)[:160]!r}"
        ) from None
    if not relative.parts:
        raise InvalidInput(f"{str(below)[:160]!r} is the folder itself: name a file in it")
    _check_names(relative.parts, listed=listed)
    return "/".join(relative.parts)


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


def _check_names(names: Iterable[str], *, listed: bool) -> None:
    for name in names:
        if has_stream(name):
            raise InvalidInput(
                f"{name[:80]!r} means a stream beside a file: name the file, without what follows "
                "the colon"
            )
        if not listed and may_be_short(name):
            raise InvalidInput(
                f"{name[:80]!r} looks like the short form of a longer name: give the long one, as "
                "the folder lists it"
            )
