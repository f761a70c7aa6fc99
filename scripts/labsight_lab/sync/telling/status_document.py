"""How things are with a folder and its archive, as JSON takes it."""

from collections.abc import Sequence
from typing import Any

from labsight_lab.sync.journal.runs import Run
from labsight_lab.sync.telling.document import amount_document, moment, problems_document
from labsight_lab.sync.telling.status_facts import Facts
from labsight_lab.sync.telling.status_text import Around
from labsight_lab.sync.telling.status_troubles import Trouble
from labsight_lab.text import shown


def status_document(facts: Facts, around: Around, troubles: Sequence[Trouble]) -> dict[str, Any]:
    """Return all of a status; its fields are listed in docs/sync-reports.md."""
    known, run = facts.totals, facts.run
    return place_document(around) | {
        "journal_bytes": facts.journal_size,
        "at_work": facts.at_work,
        "run": _run(run),
        "last_trouble": _run(facts.last_trouble),
        "trouble_over": moment(facts.trouble_over),
        "archived": amount_document(known.archived),
        "sent_24_hours": amount_document(known.day),
        "sent_7_days": amount_document(known.week),
        "by_state": {state: amount_document(its) for state, its in known.by_state.items()},
        "verified": known.verified,
        "never_verified": known.unverified,
        "oldest_never_verified": moment(known.oldest_unverified),
        "oldest_verified": moment(known.oldest_proof),
        "removed_here": known.removed,
        "waiting": run.waiting if run else 0,
        "sending": [
            {"path": shown(b.path), "bytes": b.size, "percent": round(100 * b.share)}
            for b in facts.begun
        ],
        "sending_others": facts.begun_small,
        "problems": problems_document(facts.problems),
        "gone": list(map(shown, facts.problems.gone)),
        "to_do": [{"what": one.what, "to_do": one.to_do} for one in troubles],
    }


def place_document(around: Around) -> dict[str, Any]:
    """Return what the status is about."""
    target = around.target
    return {
        "folder": shown(str(target.folder)),
        "bucket": target.bucket,
        "source": target.source,
        "endpoint": target.endpoint,
        "settings": None if around.settings is None else shown(str(around.settings)),
        "service": around.service,
        "journal": shown(str(target.journal_file)),
        "log": shown(str(around.log)),
    }


def _run(run: Run | None) -> dict[str, Any] | None:
    if run is None:
        return None
    return {
        "began": moment(run.began),
        "looked": moment(run.looked),
        "ended": moment(run.ended),
        "exit_code": run.exit_code,
        "files": run.files,
        "bytes": run.bytes,
        "trouble": run.trouble,
    }
