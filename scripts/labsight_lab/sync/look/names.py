"""Which names in a lab's folder are meant for the archive."""

import fnmatch
import re
import unicodedata
from functools import lru_cache

from labsight.errors import SettingsError

# What systems, file boxes and archive programs put into folders by themselves, in small letters.
_SYSTEM = frozenset({
    "thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini", "icon\r", "__macosx",
    "$recycle.bin", "recycler", "system volume information", "lost+found",
    "@eadir", "@tmp", "#recycle", "#snapshot", "@recycle", "@recently-snapshot",
})  # fmt: skip
_LONGEST_SYSTEM_NAME = max(map(len, _SYSTEM))
_WILDCARD = re.compile(r"(\*+|\?|\[!?+.[^\]]*\])", re.DOTALL)
_END = r"\Z"  # with which an expression of fnmatch ends
_BEFORE_NAME = "(?:.*/)?+"  # all folders, and never fewer: what follows meets the file name alone


def is_hidden(name: str) -> bool:
    """Say whether a name is hidden by custom, or no work of people.

    ``.name`` (``.DS_Store``, macOS's ``._name``), an office lock (``~$name``), and what systems and
    file boxes keep for themselves.
    """
    return name.startswith((".", "~$")) or (
        len(name) <= _LONGEST_SYSTEM_NAME and name.lower() in _SYSTEM
    )


def is_included(path: str, patterns: tuple[str, ...]) -> bool:
    """Say whether a relative path is asked for; no pattern asks for all, case does not count.

    A pattern without a slash is held against the file name, one with a slash against the whole
    path, one that ends in a slash (``old/``) against each folder on the way. Raises SettingsError
    for a pattern that means nothing.
    """
    return not patterns or _matches(path, patterns)


def is_excluded(path: str, patterns: tuple[str, ...]) -> bool:
    """Say whether a relative path is to be left out, by patterns as for ``is_included``.

    Of a folder, given with a ``/`` at its end, it says so when nothing in it can be wanted.
    """
    return bool(patterns) and _matches(path, patterns)


def check_patterns(patterns: tuple[str, ...]) -> tuple[str, ...]:
    """Return the patterns; raise SettingsError for one that means nothing."""
    _compiled(patterns)
    return patterns


def _matches(path: str, patterns: tuple[str, ...]) -> bool:
    return _compiled(patterns).match(_spelled(path)) is not None


def _spelled(text: str) -> str:
    return text.lower() if text.isascii() else unicodedata.normalize("NFC", text).lower()


@lru_cache(maxsize=64)
def _compiled(patterns: tuple[str, ...]) -> re.Pattern[str]:
    """Make one expression of all patterns: 100,000 names are held against them in each pass."""
    return re.compile("|".join(map(_expression, patterns)) or r"(?!)", re.DOTALL)


def _expression(pattern: str) -> str:
    spelled = _spelled(pattern.replace("\\", "/"))  # as people on Windows write paths
    name = spelled.strip("/")
    if not name:
        raise SettingsError(f"the pattern {pattern!r} names nothing; write *.svs or 2026/*")
    whole = "/" in spelled.rstrip("/")
    if spelled.endswith("/"):
        return f"{'' if whole else '(?:.*/)?'}{_translated(name, '[^/]')}/.*"
    if whole:
        return rf"{_translated(name, '.')}\Z"
    return rf"{_BEFORE_NAME}{_translated(name, '[^/]')}\Z"


def _translated(pattern: str, one: str) -> str:
    """Write a pattern with ``*``, ``?`` and ``[a-c]`` as an expression; ``one`` is any character.

    What stands between two stars is taken where it comes first: a later place never helps.
    """
    runs = [""]
    for number, piece in enumerate(_WILDCARD.split(pattern)):
        if number % 2 == 0:  # what stands between wildcards
            runs[-1] += re.escape(piece)
        elif piece.startswith("*"):
            runs.append("")
        else:
            runs[-1] += one if piece == "?" else fnmatch.translate(piece)[: -len(_END)]
    if len(runs) == 1:
        return runs[0]
    first, *between, last = runs
    return f"{first}{''.join(f'(?>{one}*?{run})' for run in between)}{one}*{last}"
