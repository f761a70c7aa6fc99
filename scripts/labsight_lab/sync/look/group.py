"""What belongs together."""

from dataclasses import dataclass, field

from labsight_lab.sync.look.scan import Problem, Seen

LONE_FILE = "file"


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """What is judged, sent and imported as one: a lone file, or the files of a unit.

    ``place`` of a lone file is its path; that of a unit the folder of its ``unit.json``, with a
    ``/`` at its end. ``members[0]`` is the file to open, the others are sorted by path.
    ``missing`` are files that the unit needs and the folder lacks, or that cannot be read.
    ``series`` is the SeriesInstanceUID of DICOM files, if it was read from them this time.
    """

    place: str
    kind: str
    members: tuple[Seen, ...]
    missing: tuple[str, ...] = ()
    series: str = ""


@dataclass
class Grouping:
    """All files of a folder: what belongs together, what is none of ours, what cannot be sent."""

    groups: list[Group] = field(default_factory=list)
    skipped: list[Problem] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def folder_of(path: str) -> str:
    """Return the folder of a relative path with ``/`` at its end, empty for the uppermost one."""
    return path[: path.rfind("/") + 1]


def name_of(seen: Seen) -> str:
    """Return the last part of a file's path."""
    return seen.path[seen.path.rfind("/") + 1 :]


def by_path(seen: Seen) -> str:
    """Return what files are sorted by."""
    return seen.path


def unreadable(seen: Seen, error: OSError) -> Problem:
    """Return the problem of a file that could not be opened."""
    return Problem(seen.path, f"cannot be read: {error.strerror or error}")


def other_name(path: str, wanted: str) -> str:
    """Return why a file or folder cannot be sent whose slide knows it in other capitals."""
    return (
        f"{path!a} is not found by this name where capitals count, as in the archive; rename it to "
        f"{wanted!a}"
    )
