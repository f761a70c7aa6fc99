"""`labsight report`: all that the journal knows, as a page, a table or a document."""

import time
from dataclasses import dataclass
from pathlib import Path

from labsight.errors import InvalidInput
from labsight_lab.sync.journal.reader import Reader
from labsight_lab.sync.target import Target
from labsight_lab.sync.telling import inventory_csv, inventory_html, inventory_json, out
from labsight_lab.sync.telling.inventory_head import Head
from labsight_lab.sync.telling.inventory_rows import Inventory
from labsight_lab.sync.telling.journal_facts import months, totals
from labsight_lab.sync.telling.known_problems import known_problems
from labsight_lab.sync.telling.whole_file import STANDARD_OUTPUT, whole_file
from labsight_lab.text import shown, size


@dataclass(frozen=True, kw_only=True)
class ReportOptions:
    """Whose files, and where to: a place for each kind that is wanted; ``-``: standard output."""

    target: Target
    html: Path | None = None
    csv: Path | None = None
    json: Path | None = None

    def __post_init__(self) -> None:
        places = [place for place in (self.html, self.csv, self.json) if place is not None]
        if not places:
            raise InvalidInput("say what to write: --html FILE, --csv FILE or --json FILE")
        if len(set(places)) < len(places):
            raise InvalidInput(f"{shown(str(places[0]))} can only be one of --html, --csv, --json")


def run(options: ReportOptions) -> int:
    """Run `labsight report`; raise LabsightError. All kinds tell of the same moment."""
    target = options.target
    if not target.journal_file.exists():
        raise InvalidInput(
            f"nothing was synchronised yet from {shown(str(target.folder))} to {target.bucket} as "
            f"{target.source}: there is no journal {shown(str(target.journal_file))}. Is it "
            "another one (--journal)? To send: `labsight sync`"
        )
    with Reader(target.journal_file, target.identity, may_last=True) as reader:
        now = time.time()
        head = Head(
            target=target,
            made=now,
            totals=totals(reader, now),
            problems=known_problems(reader, target.folder),
            months=months(reader),
        )
        inventory = Inventory(reader, target.source)
        if options.html is not None:
            with whole_file(options.html) as file:
                inventory_html.write(file, head, inventory)
        if options.csv is not None:
            with whole_file(options.csv, inventory_csv.ENCODING) as file:
                inventory_csv.write(file, target, inventory.files())
        if options.json is not None:
            with whole_file(options.json) as file:
                inventory_json.write(file, head, inventory.files())
    _tell(options)
    return 0


def _tell(options: ReportOptions) -> None:
    """Say what was written, if standard output is not a part of it."""
    places = [place for place in (options.html, options.csv, options.json) if place is not None]
    if STANDARD_OUTPUT not in places:
        for place in places:
            out.put(f"wrote {shown(str(place))} ({size(place.stat().st_size)})")
