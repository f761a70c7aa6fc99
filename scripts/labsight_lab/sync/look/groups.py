"""Which files belong together."""

from dataclasses import dataclass

from labsight_lab.sync.look.scan import Seen

LONE_FILE = "file"


@dataclass(frozen=True, kw_only=True)
class Group:
    """What is judged, sent and imported as one: a lone file, or the files of a unit.

    ``place`` of a lone file is its path; that of a unit the folder of its ``unit.json``, with a
    ``/`` at its end. ``members[0]`` is the file to open. ``missing`` are files that the unit needs
    and the folder lacks.
    """

    place: str
    kind: str
    members: tuple[Seen, ...]
    missing: tuple[str, ...] = ()
