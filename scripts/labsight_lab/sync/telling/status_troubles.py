"""What somebody has to look at, and what there is to do about each."""

from collections.abc import Sequence
from typing import NamedTuple

from labsight_lab.sync.telling.kinds import ADVICE, TITLES, Kind
from labsight_lab.sync.telling.known_problems import Problem
from labsight_lab.sync.telling.status_facts import Facts
from labsight_lab.text import shown

_WORTH_A_LOOK = (Kind.LOST, Kind.FAILED, Kind.CONFLICT, Kind.EXISTS)


class Trouble(NamedTuple):
    """One thing that is wrong, and the files or units that it is wrong with."""

    what: str
    to_do: str
    problems: Sequence[Problem] = ()


def troubles(facts: Facts, service: str | None) -> list[Trouble]:
    """Return what is wrong; empty when nobody has to look."""
    return _of_the_run(facts, service) + [
        Trouble(f"{TITLES[kind]} ({len(problems):,})", ADVICE[kind], problems)
        for kind in _WORTH_A_LOOK
        if (problems := facts.problems.by_kind.get(kind))
    ]


def _of_the_run(facts: Facts, service: str | None) -> list[Trouble]:
    run = facts.run
    if facts.at_work:
        if run and run.trouble:
            to_do = "put right what it tells; it is tried again every minute and goes on by itself"
            return [Trouble(f"nothing can be sent: {shown(run.trouble)}", to_do)]
        return []
    found = []
    if run and run.ended is None:
        what = "the last run was cut off: killed, or the computer went down"
        found.append(Trouble(what, "`labsight sync` goes on where it was"))
    elif run and run.trouble:
        what = f"the last run ended with {run.exit_code}: {shown(run.trouble)}"
        found.append(Trouble(what, "`labsight sync` tries again and tells more"))
    if service:
        what = f"the service {service} is installed, and no run is at work"
        found.append(Trouble(what, "`labsight service status` tells more"))
    return found
