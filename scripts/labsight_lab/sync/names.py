"""Which names in a lab's folder are meant for the archive."""

from fnmatch import fnmatchcase

# Names under which copying programs and editors keep what is not finished.
_TEMPORARY = (".part", ".partial", ".filepart", ".tmp", ".temp", ".crdownload", ".download", ".swp")


def is_hidden(name: str) -> bool:
    """Say whether a name is hidden by custom (``.name``) or an office lock (``~$name``)."""
    return name.startswith((".", "~$"))


def is_temporary(name: str) -> bool:
    """Say whether a name is one that marks a file as unfinished."""
    return name.lower().endswith(_TEMPORARY)


def is_included(path: str, patterns: tuple[str, ...]) -> bool:
    """Say whether a relative path is asked for; no pattern asks for all, case does not count.

    A pattern without a slash is held against the file name, one with a slash against the whole
    path.
    """
    path = path.lower()
    name = path.rpartition("/")[2]
    return not patterns or any(
        fnmatchcase(path if "/" in pattern else name, pattern.lower()) for pattern in patterns
    )
