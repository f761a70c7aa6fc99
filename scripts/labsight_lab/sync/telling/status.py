"""`labsight status`: how things are, read beside a run and without a request."""

import json
from dataclasses import dataclass
from pathlib import Path

from labsight_lab.config import state_dir
from labsight_lab.sync.target import Target
from labsight_lab.sync.telling import out
from labsight_lab.sync.telling.installed import service_of
from labsight_lab.sync.telling.places import log_place
from labsight_lab.sync.telling.status_document import place_document, status_document
from labsight_lab.sync.telling.status_facts import facts
from labsight_lab.sync.telling.status_text import Around, written
from labsight_lab.sync.telling.status_troubles import troubles
from labsight_lab.text import shown

LOOK = 1  # exit code: somebody has to


@dataclass(frozen=True, kw_only=True)
class StatusOptions:
    """Whose status; ``settings`` is the file that tells of this very target, if one does."""

    target: Target
    as_json: bool = False
    settings: Path | None = None


def run(options: StatusOptions) -> int:
    """Run `labsight status`, return 1 when somebody has to look; raise SettingsError."""
    target = options.target
    around = Around(
        target=target,
        log=log_place(target, state_dir()),
        settings=options.settings,
        service=service_of(options.settings),
    )
    if not target.journal_file.exists():
        return _nothing_yet(around, as_json=options.as_json)
    known = facts(target)
    found = troubles(known, around.service)
    code = LOOK if found else 0
    if options.as_json:
        told = status_document(known, around, found) | {"exit_code": code}
        out.put(json.dumps(told, indent=2))
    else:
        out.put("\n".join(written(known, around, found, out.width())))
    return code


def _nothing_yet(around: Around, *, as_json: bool) -> int:
    target = around.target
    what = (
        f"nothing was synchronised yet from {shown(str(target.folder))} to {target.bucket} as "
        f"{target.source}: there is no journal {shown(str(target.journal_file))}"
    )
    to_do = "`labsight sync --dry-run` shows what would be sent, `labsight sync` sends it"
    if as_json:
        told = place_document(around) | {
            "at_work": False,
            "run": None,
            "to_do": [{"what": what, "to_do": to_do}],
            "exit_code": LOOK,
        }
        out.put(json.dumps(told, indent=2))
    else:
        lines = out.wrapped(what, out.width())
        lines += out.wrapped(to_do, out.width(), indent="    ", first="  what to do: ")
        out.put("\n".join(lines))
    return LOOK
