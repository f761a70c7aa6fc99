"""All slides as one page to read, to print and to hand on: one file, no script, nothing loaded."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from html import escape
from pathlib import Path
from typing import TextIO

from labsight import __version__
from labsight.keys import SLIDES, UNIT
from labsight_lab.sync.journal.entries import State
from labsight_lab.sync.telling.document import moment
from labsight_lab.sync.telling.inventory_head import Head
from labsight_lab.sync.telling.inventory_rows import Inventory, SlideRow
from labsight_lab.sync.telling.journal_facts import LOST, UNIT_ROW, Amount
from labsight_lab.sync.telling.kinds import Kind
from labsight_lab.sync.telling.known_problems import KnownProblems
from labsight_lab.text import count, shown, size

MOST_WRONG = 1000  # that are listed by themselves
_STYLE = Path(__file__).with_name("inventory.css")
_STATES: dict[str, tuple[str, str]] = {
    State.VERIFIED: ("good", "verified"),
    State.UPLOADED: ("good", "archived"),
    LOST: ("look", "lost"),
    State.EXISTS: ("look", "not proven"),
    State.FAILED: ("look", "failed"),
    State.CONFLICT: ("look", "conflict"),
    State.UPLOADING: ("wait", "begun"),
    State.SEEN: ("wait", "not sent yet"),
}
_KINDS = {
    Kind.LOST: ("look", "lost"),
    Kind.FAILED: ("look", "failed"),
    Kind.CONFLICT: ("look", "conflict"),
    Kind.EXISTS: ("look", "not proven"),
    Kind.UNFINISHED: ("wait", "not finished"),
}
_NEVER, _UNKNOWN = '<span class="quiet">never</span>', '<span class="quiet">unknown</span>'


def write(out: TextIO, head: Head, inventory: Inventory) -> None:
    """Write the page: what it is about, the figures, what is wrong, and all slides."""
    title = escape(f"Archive of {head.target.source}, {_date(head.made)}")
    out.write(
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>\n{_STYLE.read_text('utf-8')}</style>\n</head>\n"
        f"<body>\n<main>\n<h1>{title}</h1>\n"
    )
    _write_about(out, head)
    _write_figures(out, head)
    _write_looked_at(out, head.problems)
    _write_unfinished(out, head.problems)
    out.write('<div class="pair">\n')
    by_state = head.totals.by_state
    states = [
        (_named_twice(told, state), by_state[state])
        for state, (_, told) in _STATES.items()
        if state in by_state
    ]
    caption = "Slides by how far they have come, with the word for it in the table and the document"
    _write_amounts(out, "By state", caption, "State", states)
    months = [(month or "at an unknown time", its) for month, its in head.months]
    _write_amounts(out, "By month", "What is in the archive, by when it was sent", "Month", months)
    out.write("</div>\n")
    _write_slides(out, f"{SLIDES}{head.target.source}/", inventory.slides())
    out.write("</main>\n</body>\n</html>\n")


def _write_about(out: TextIO, head: Head) -> None:
    target = head.target
    told = {
        "Folder": shown(str(target.folder)),
        "Archive": f"s3://{target.bucket}/{SLIDES}{target.source}/"
        + (f" at {shown(target.endpoint)}" if target.endpoint else ""),
        "Journal": shown(str(target.journal_file)),
        "Made": f"{_minute(head.made)} UTC{_offset(head.made)} by labsight {__version__}; all "
        "times are of this machine's clock",
    }
    rows = "\n".join(f"<dt>{name}</dt><dd>{escape(text)}</dd>" for name, text in told.items())
    out.write(f'<dl class="about">\n{rows}\n</dl>\n')


def _write_figures(out: TextIO, head: Head) -> None:
    known = head.totals
    objects = known.verified + known.unverified
    share = f"{100 * known.verified // objects} %" if objects else "none"
    oldest = known.oldest_unverified
    by_kind = head.problems.by_kind
    wrong = sum(len(its) for kind, its in by_kind.items() if kind is not Kind.UNFINISHED)
    figures = {
        "slides in the archive": f"{known.archived.slides:,}",
        "files of these": f"{known.archived.files:,}",
        "in all": size(known.archived.size),
        "verified since they were sent": share,
        "oldest that never was": "none" if oldest is None else _date(oldest),
        "to be looked at": f"{wrong:,}",
    }
    cells = "\n".join(
        f"<div><dt>{name}</dt><dd>{told}</dd></div>" for name, told in figures.items()
    )
    out.write(f'<dl class="figures">\n{cells}\n</dl>\n')


def _write_looked_at(out: TextIO, problems: KnownProblems) -> None:
    out.write("<h2>To be looked at</h2>\n")
    kinds = [kind for kind in _KINDS if kind is not Kind.UNFINISHED]
    if not any(problems.by_kind.get(kind) for kind in kinds):
        out.write("<p>Nothing: all that was begun is in the archive or on its way.</p>\n")
        return
    caption = (
        "Not in the archive as it should be: <code>labsight verify</code> compares what is in "
        "conflict or not proven, the next sync tries again what failed, and what is lost was in "
        "the archive and is not any more: <code>labsight status</code> tells what to do."
    )
    _write_problems(out, "wrong", caption, problems, kinds)


def _write_unfinished(out: TextIO, problems: KnownProblems) -> None:
    if Kind.UNFINISHED in problems.by_kind:
        out.write("<h2>Not finished</h2>\n")
        caption = "Still being written or copied, as far as can be told; nobody has to look yet."
        _write_problems(out, "unfinished", caption, problems, [Kind.UNFINISHED])


def _write_problems(
    out: TextIO, name: str, caption: str, problems: KnownProblems, kinds: Iterable[Kind]
) -> None:
    rows = [(kind, one) for kind in kinds for one in problems.by_kind.get(kind, ())]
    more = f" These are {MOST_WRONG:,} of {len(rows):,}." if len(rows) > MOST_WRONG else ""
    _begin_table(out, name, caption + more, ("File", "State", "Since", "Why"), look="stacked")
    for kind, one in rows[:MOST_WRONG]:
        look, told = _KINDS[kind]
        out.write(
            f'<tr><th scope="row">{escape(shown(one.path))}</th><td class="{look}">{told}</td>'
            f"<td>{_time(one.since, _UNKNOWN)}</td>"
            f'<td class="why">{escape(shown(one.reason))}</td></tr>\n'
        )
    out.write("</tbody>\n</table>\n</div>\n")


def _write_amounts(
    out: TextIO, title: str, caption: str, first: str, amounts: Iterable[tuple[str, Amount]]
) -> None:
    """Write a table of amounts, whose names are markup."""
    out.write(f"<section>\n<h2>{title}</h2>\n")
    _begin_table(out, first.lower(), caption, (first,), ("Slides", "Files", "Size"), "narrow")
    for name, its in amounts:
        numbers = (f"{its.slides:,}", f"{its.files:,}", _size(its.size))
        told = "".join(f'<td class="number">{number}</td>' for number in numbers)
        out.write(f'<tr><th scope="row">{name}</th>{told}</tr>\n')
    out.write("</tbody>\n</table>\n</div>\n</section>\n")


def _named_twice(told: str, state: str) -> str:
    return told if told == state else f"{told}<small>{state}</small>"


def _write_slides(out: TextIO, prefix: str, slides: Iterable[SlideRow]) -> None:
    out.write("<h2>All slides</h2>\n")
    caption = (
        "Their names below the folder, which are also those below the archive's address, where no "
        "other key is told. The size of a slide of several files is that of all of them, its "
        "checksum that of its <code>unit.json</code>, which tells theirs"
    )
    columns = ("Slide", "State", "Size", "Sent", "Verified", "Revision", "CRC64NVME")
    _begin_table(out, "slides", caption, columns)
    out.writelines(_slide(slide, prefix) for slide in slides)
    out.write("</tbody>\n</table>\n</div>\n")


def _slide(slide: SlideRow, prefix: str) -> str:
    row = slide.row
    name = escape(row.path)
    if row.kind == UNIT_ROW:
        lacking = f", {slide.lacking:,} of them not archived as now" if slide.lacking else ""
        files = f"{count(slide.files, 'file')}{lacking}"
        name = f"{escape(row.path.removesuffix(UNIT))}<small>{files}</small>"
    key = "" if row.key == prefix + row.path else f"<small>key {escape(row.key)}</small>"
    cells = (
        f'<tr><th scope="row">{name}{key}</th>{_state_cell(slide.state)}',
        f'<td class="number">{_size(slide.size)}</td>',
        f"<td>{_time(row.sent)}</td><td>{_time(row.verified)}</td>",
        f'<td class="number">{row.revision}</td><td><code>{row.crc64}</code></td></tr>\n',
    )
    return "".join(cells)


def _begin_table(
    out: TextIO,
    name: str,
    caption: str,
    columns: Sequence[str],
    numbers: Sequence[str] = (),
    look: str = "",
) -> None:
    """Begin a table that can be moved sideways, by keys too, where the page is narrower."""
    heads = "".join(f'<th scope="col">{column}</th>' for column in columns)
    heads += "".join(f'<th scope="col" class="number">{column}</th>' for column in numbers)
    out.write(
        f'<div class="scroll {look}" role="region" tabindex="0" '
        f'aria-labelledby="{name}">\n<table>\n'
        f'<caption id="{name}"><span>{caption}</span></caption>\n'
        f"<thead><tr>{heads}</tr></thead>\n<tbody>\n"
    )


def _state_cell(state: str) -> str:
    look, told = _STATES[state]
    return f'<td class="{look}">{told}</td>'


def _size(number: int) -> str:
    return f"{size(number)}<small>{number:,}</small>"


def _time(seconds: float | None, without: str = _NEVER) -> str:
    if seconds is None:
        return without
    return f'<time datetime="{moment(seconds)}">{_minute(seconds)}</time>'


def _minute(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds).astimezone():%Y-%m-%d %H:%M}"


def _offset(seconds: float) -> str:
    """Return how far the clock is ahead of UTC: ``+01:00``."""
    return datetime.fromtimestamp(seconds).astimezone().isoformat(timespec="minutes")[-6:]


def _date(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds).astimezone():%Y-%m-%d}"
