"""Which names in a lab's folder are meant for the archive."""

from fnmatch import fnmatchcase


def is_hidden(name: str) -> bool:
    """Say whether a name is hidden by custom (``.name``) or an office lock (``~$name``)."""
    return name.startswith((".", "~$"))


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
