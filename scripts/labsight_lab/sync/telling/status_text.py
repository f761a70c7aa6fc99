"""How things are with a folder and its archive, as people read it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from labsight.keys import SLIDES
from labsight_lab.sync.target import Target
from labsight_lab.sync.telling.journal_facts import Amount
from labsight_lab.sync.telling.kinds import TITLES, Kind
from labsight_lab.sync.telling.known_problems import Problem
from labsight_lab.sync.telling.listing import Told, listing
from labsight_lab.sync.telling.out import wrapped
from labsight_lab.sync.telling.status_facts import Facts
from labsight_lab.sync.telling.status_troubles import Trouble
from labsight_lab.sync.telling.summary import slides
from labsight_lab.text import count, duration, shown, size

NAMED = 20  # of one kind
_NAMED_GONE = 3
_LABEL = 10  # characters


@dataclass(frozen=True, kw_only=True)
class Around:
    """What goes with the journal: whose it is, and what else belongs to it on this machine."""

    target: Target
    log: Path
    settings: Path | None
    service: str | None


def written(
    facts: Facts, around: Around, troubles: Sequence[Trouble], wide: int | None
) -> list[str]:
    """Return all lines; they fit into a terminal that is ``wide`` characters wide, if one is."""
    target = around.target
    lines = [f"{shown(str(target.folder))} -> s3://{target.bucket}/{SLIDES}{target.source}/"]
    for label, text in (*_places(facts, around), *_run(facts), *_amounts(facts)):
        lines += wrapped(text, wide, indent=" " * (_LABEL + 3), first=f"  {label:<{_LABEL}} ")
    if unfinished := facts.problems.by_kind.get(Kind.UNFINISHED):
        lines.append(f"{TITLES[Kind.UNFINISHED]} ({len(unfinished):,}), looked at again and again:")
        lines += _named(unfinished, wide)
    if gone := facts.problems.gone:
        names = ", ".join(map(shown, gone[:_NAMED_GONE])) + ", ..." * (len(gone) > _NAMED_GONE)
        told = f"never archived, and not in the folder any more ({len(gone):,}): {names}"
        lines += wrapped(told, wide)
    if not troubles:
        return [*lines, "nobody has to look"]
    lines += ["", "somebody has to look:"]
    for trouble in troubles:
        lines += wrapped(f"{trouble.what}{':' if trouble.problems else ''}", wide)
        lines += _named(trouble.problems, wide)
        lines += wrapped(trouble.to_do, wide, indent="    ", first="  what to do: ")
    return lines


def _places(facts: Facts, around: Around) -> Iterator[tuple[str, str]]:
    if facts.kept_for != around.target.identity.rows()["folder"]:
        yield "moved", f"the journal was kept for {shown(facts.kept_for)} until now"
    settings = around.settings
    yield "settings", shown(str(settings)) if settings else "none for this folder and archive"
    yield "service", around.service or "none installed"
    journal = shown(str(around.target.journal_file))
    yield "journal", f"{journal} ({size(facts.journal_size)})"
    yield "log", shown(str(around.log))


def _run(facts: Facts) -> Iterator[tuple[str, str]]:
    run, now = facts.run, facts.now
    if run is None:
        yield "run", "none yet"
        return
    looked = f"; looked {_ago(now, run.looked)}" if run.looked else "; did not look yet"
    sent = f"; sent {count(run.files, 'file')}, {size(run.bytes)}"
    if facts.at_work:
        began = f"at work since {_when(run.began)} ({duration(now - run.began)})"
    elif run.ended is None:
        began = f"began {_when(run.began)}, was cut off"
    else:
        began = f"ended {_when(run.ended)} with exit code {run.exit_code}"
    yield "run", began + looked + sent
    last = facts.last_trouble
    if last and not (last is run and facts.at_work):
        when = last.ended or last.looked or last.began
        yield "trouble", f"last on {_when(when)}: {shown(last.trouble)}{_since(facts)}"


def _amounts(facts: Facts) -> Iterator[tuple[str, str]]:
    known, run = facts.totals, facts.run
    yield "archived", f"{_amount(known.archived)}"
    yield "sent", f"{_amount(known.day)} in 24 hours; {_amount(known.week)} in 7 days"
    objects = known.verified + known.unverified
    proven = f"{known.verified:,} of {count(objects, 'object')}"
    if known.oldest_unverified is not None:
        proven += f"; the oldest of the others was sent {_when(known.oldest_unverified)}"
    yield "verified", proven
    if known.removed:
        yield "removed", f"{count(known.removed, 'file')} here by `labsight clean`"
    if facts.begun or facts.begun_small:
        is_sending = facts.at_work and not (run and run.trouble)
        yield ("sending", _begun(facts)) if is_sending else ("begun", _untold(facts))
    if run and run.waiting:
        yield "waiting", f"{count(run.waiting, 'slide')} that may still be written to"


def _since(facts: Facts) -> str:
    """Say whether the last trouble is over, as far as the runs after it tell."""
    if facts.trouble_over is not None:
        return f"; over: files were sent on {_when(facts.trouble_over)}"
    if facts.runs_since:
        return f"; {count(facts.runs_since, 'run')} since did not meet it, and sent nothing"
    return ""


def _untold(facts: Facts) -> str:
    when = "when it goes on" if facts.at_work else "by the next run"
    untold = f", not known to have arrived; to be sent {when}" if facts.begun_small else ""
    return f"{_begun(facts)}{untold}"


def _begun(facts: Facts) -> str:
    named = [
        f"{shown(b.path)} {100 * b.share:.0f} % of {size(b.size)}" for b in facts.begun[:NAMED]
    ]
    others = len(facts.begun) - len(named) + facts.begun_small
    if others:
        named.append(f"{'and ' if named else ''}{count(others, 'other file' if named else 'file')}")
    return ", ".join(named)


def _named(problems: Iterable[Problem], wide: int | None) -> list[str]:
    return listing([Told(one.path, one.reason, one.since) for one in problems], wide, NAMED)


def _amount(amount: Amount) -> str:
    return f"{slides(amount.slides, amount.files)}, {size(amount.size)}"


def _when(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds).astimezone():%Y-%m-%d %H:%M}"


def _ago(now: float, then: float) -> str:
    return f"{duration(max(0.0, now - then))} ago"
