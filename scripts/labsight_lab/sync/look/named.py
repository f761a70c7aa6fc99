"""Files that name others in their folder: the question that sets and lists share."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from labsight_lab.sync.look.group import folder_of, name_of
from labsight_lab.sync.look.scan import Seen
from labsight_lab.sync.look.windows import folded

Known = Callable[[Seen], str | None]


@dataclass
class Neighbourhood:
    """One folder: ``namers`` may name files, ``pool`` may be named.

    ``clean``: the journal knows all of them as they are now, so that its word on what belongs
    together stands.
    """

    folder: str
    namers: list[Seen] = field(default_factory=list)
    pool: list[Seen] = field(default_factory=list)
    clean: bool = True
    _placed: dict[str, list[Seen]] = field(default_factory=lambda: defaultdict(list))

    def ask(self, known: Known) -> list[Seen]:
        """Learn what the journal knows; return the namers whose heads have to be read.

        When one file is new, all that belongs to a unit is read again: the new one may belong to
        it, and what the unit lacks only its heads tell.
        """
        placed, new = [], []
        for seen in self.namers:
            place = known(seen)
            if place:
                placed.append(seen)
                self._placed[place].append(seen)
            elif place is None:
                new.append(seen)
        self.clean = not new
        if placed and self.clean:
            for seen in self.pool:
                place = known(seen)
                if place:
                    self._placed[place].append(seen)
                self.clean = self.clean and place is not None
        return [] if self.clean else new + placed

    def units(self) -> dict[str, list[Seen]]:
        """Return what the journal knows as units, by place; all of them if this is clean."""
        return self._placed

    def by_name(self) -> "Names":
        """Return the files by their names as they may be spelled elsewhere."""
        return Names((*self.namers, *self.pool))


class Names:
    """Files of one folder by name; capitals and the way of composing letters do not count."""

    def __init__(self, files: Iterable[Seen]) -> None:
        self._exact = {name_of(seen): seen for seen in files}
        self._folded = {folded(name): seen for name, seen in self._exact.items()}

    def find(self, name: str) -> Seen | None:
        """Return the file that a name means."""
        return self._exact.get(name) or self._folded.get(folded(name))


def neighbourhoods(namers: Iterable[Seen], pool: Iterable[Seen]) -> list[Neighbourhood]:
    """Return the folders in which files may name others; nobody is in both lists."""
    found: dict[str, Neighbourhood] = {}
    for seen in namers:
        folder = folder_of(seen.path)
        found.setdefault(folder, Neighbourhood(folder)).namers.append(seen)
    if found:
        for seen in pool:
            place = found.get(folder_of(seen.path))
            if place is not None:
                place.pool.append(seen)
    return list(found.values())
