"""How things are with a folder and its archive, as far as the journal tells."""

import os
import time
from dataclasses import dataclass, field
from itertools import takewhile

from labsight_lab.sync.journal.reader import Reader, is_at_work
from labsight_lab.sync.journal.runs import KEPT, Run, latest
from labsight_lab.sync.sending.one_file import part_size
from labsight_lab.sync.target import Target
from labsight_lab.sync.telling.journal_facts import Totals, totals
from labsight_lab.sync.telling.known_problems import KnownProblems, known_problems

_MOST = 10_000  # files on their way that are looked at one by one
_UPLOADING = "SELECT path, size, upload_id IS NOT NULL FROM file WHERE state = 'uploading' LIMIT ?"
_PARTS = "SELECT path, count(*) FROM part GROUP BY path"


@dataclass(frozen=True)
class Begun:
    """A large file that is being sent, or was when its run ended; ``share`` of it is stored."""

    path: str
    size: int
    share: float


@dataclass(frozen=True, kw_only=True)
class Facts:
    """All that there is to say.

    ``kept_for`` is the folder that the journal was last used for. ``begun_small`` files are on
    their way in one piece. ``last_trouble`` is the last run that something kept from sending,
    ``runs_since`` those that looked after it, ``trouble_over`` when one of them had sent files.
    """

    now: float
    journal_size: int
    kept_for: str
    at_work: bool
    run: Run | None
    totals: Totals
    problems: KnownProblems = field(default_factory=KnownProblems)
    begun: list[Begun] = field(default_factory=list)
    begun_small: int = 0
    last_trouble: Run | None = None
    runs_since: int = 0
    trouble_over: float | None = None


def facts(target: Target) -> Facts:
    """Ask the journal, which is there; nothing is locked, changed or waited for."""
    journal, now = target.journal_file, time.time()
    at_work = is_at_work(journal)
    with Reader(journal, target.identity) as reader:
        runs = latest(reader, KEPT)
        uploading = reader.ask(_UPLOADING, _MOST)
        parts = dict(reader.ask(_PARTS))
        newer = list(takewhile(lambda run: not run.trouble, runs))
        since = [run for run in reversed(newer) if run.looked] if len(newer) < len(runs) else []
        return Facts(
            now=now,
            journal_size=journal.stat().st_size,
            kept_for=reader.folder,
            at_work=at_work,
            run=runs[0] if runs else None,
            totals=totals(reader, now),
            problems=known_problems(reader, target.folder),
            begun=[
                Begun(os.fsdecode(path), size, _share(size, parts.get(path, 0)))
                for path, size, in_parts in uploading
                if in_parts
            ],
            begun_small=sum(not in_parts for *_, in_parts in uploading),
            last_trouble=next((run for run in runs if run.trouble), None),
            runs_since=len(since),
            trouble_over=next((run.ended or run.looked for run in since if run.files), None),
        )


def _share(size: int, parts: int) -> float:
    return min(1.0, parts * part_size(size) / size) if size else 0.0
