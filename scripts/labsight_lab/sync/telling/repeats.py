"""One reason that is that of many files: told once, with their number."""

import re
import time
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import NamedTuple, TypeVar

from labsight.errors import InvalidInput
from labsight.keys import SLIDES
from labsight_lab.sync.look.candidate import object_key
from labsight_lab.text import shown

FEW = 3  # with one reason, that are told each with it
STRETCH_S = 5.0
LONGEST_S = 60.0
_ANY = "any"  # a name that keys may begin with
_BEFORE, _AFTER = r"(?<![\w/])", r"(?=[,;:.]?(?:\s|$))"  # a key, so that it is no part of another
_REVISION = re.compile(r"~r([1-9][0-9]{0,8})")

Item = TypeVar("Item")


def common(path: str, reason: str) -> str:
    """Return a file's reason without the file's own key, as it may be that of others, too."""
    if SLIDES not in reason:
        return reason
    for revision in (1, *map(int, _REVISION.findall(reason))):
        with suppress(InvalidInput):  # there is no key for a name that is too long
            place = object_key(_ANY, path, revision).removeprefix(f"{SLIDES}{_ANY}/")
            its_key = f"{re.escape(SLIDES)}[a-z0-9-]+/{re.escape(place)}"
            reason = re.sub(_BEFORE + its_key + _AFTER, "an object of its name", reason)
    return reason


def by_reason(
    items: Iterable[Item], told: Callable[[Item], tuple[str, str]]
) -> list[tuple[str, list[Item]]]:
    """Return the items of each reason, in the order of the first; ``told``: path and reason."""
    found: dict[str, list[Item]] = {}
    for item in items:
        found.setdefault(common(*told(item)), []).append(item)
    return list(found.items())


class _Last(NamedTuple):
    """The last file of one reason that was not told of, and how many such there are with it."""

    number: int
    line: str
    path: str


class Repeats:
    """Tells the first few files of one reason at once, and sums further ones up.

    That is a line for each stretch of time; stretches grow to a minute while it goes on like that.
    """

    def __init__(
        self, say: Callable[[str], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._say, self._clock = say, clock
        self._since, self._stretch = float("-inf"), STRETCH_S
        self._told: Counter[str] = Counter()
        self._more: dict[str, _Last] = {}

    def add(self, path: str, reason: str, title: str = "") -> None:
        """Take in what there is to say of one file; ``title`` stands before its name."""
        self.flush(only_if_due=True)
        before = f"{title}: " if title else ""
        line = f"{before}{shown(path)}: {shown(reason)}"
        why = f"{before}{shown(common(path, reason))}"
        if self._told[why] < FEW:
            self._told[why] += 1
            self._say(line)
        else:
            before_it = self._more[why].number if why in self._more else 0
            self._more[why] = _Last(before_it + 1, line, path)

    def flush(self, *, only_if_due: bool = False) -> None:
        """Say what was not told yet; ``only_if_due``: when the stretch of time is over."""
        now = self._clock()
        if only_if_due and now - self._since < self._stretch:
            return
        for why, last in self._more.items():
            more = f"{last.number:,} more, the last one {shown(last.path)}: {why}"
            self._say(last.line if last.number == 1 else more)
        if self._more:
            self._stretch = min(LONGEST_S, 2 * self._stretch)
            self._more = {}
        else:
            self._stretch = STRETCH_S
            self._told.clear()
        self._since = now
