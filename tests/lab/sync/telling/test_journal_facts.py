"""SQL adds up what is archived, when, and what was never verified."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from labsight_lab.sync.journal.entries import State
from labsight_lab.sync.journal.journal import Journal
from labsight_lab.sync.source import Fingerprint
from labsight_lab.sync.telling.journal_facts import Amount, months, totals
from tests.lab.sync.telling.made import DAY, NOW, open_for, row, target


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    opened = open_for(target(tmp_path, tmp_path / "j.sqlite"))
    yield opened
    opened.close()


def sized(number: int) -> Fingerprint:
    return Fingerprint(number, 1)


def test_an_empty_journal_adds_up_to_nothing(journal: Journal) -> None:
    known = totals(journal, NOW)
    assert known.archived == known.day == known.week == Amount()
    assert (known.verified, known.unverified, known.oldest_unverified) == (0, 0, None)
    assert (known.by_state, months(journal)) == ({}, [])


def test_a_units_parts_are_files_and_its_own_row_is_a_slide(journal: Journal) -> None:
    journal.write(
        [
            row("a.svs", fingerprint=sized(5)),
            row("s1.mrxs", unit="s1/", fingerprint=sized(10)),
            row("s1/0.dat", unit="s1/", fingerprint=sized(20)),
            row("s1/", fingerprint=sized(999)),
        ]
    )
    assert totals(journal, NOW).archived == Amount(slides=2, files=3, size=35)


def test_only_what_is_proven_counts_as_archived(journal: Journal) -> None:
    journal.write([row(f"{state}.svs", state) for state in State])
    known = totals(journal, NOW)
    assert known.archived == Amount(2, 2, 2000)
    assert known.by_state == {state.value: Amount(1, 1, 1000) for state in State}
    assert (known.verified, known.unverified) == (1, 1)


def test_days_and_weeks_are_counted_back_from_now(journal: Journal) -> None:
    journal.write([row(f"{days}.svs", sent=NOW - days * DAY) for days in (0.5, 0.9, 1.1, 6.9, 7.1)])
    known = totals(journal, NOW)
    assert (known.day.files, known.week.files, known.archived.files) == (2, 4, 5)
    assert (known.day.size, known.week.size) == (2000, 4000)


def test_the_oldest_that_was_never_verified_is_found(journal: Journal) -> None:
    journal.write(
        [
            row("old.svs", State.VERIFIED, sent=NOW - 100 * DAY, verified=NOW - 50 * DAY),
            row("new.svs", State.VERIFIED, sent=NOW - 99 * DAY, verified=NOW - 2 * DAY),
            row("a.svs", sent=NOW - 9 * DAY),
            row("b.svs", sent=NOW - 8 * DAY),
            row("unknown.svs", sent=None),
        ]
    )
    known = totals(journal, NOW)
    assert (known.oldest_unverified, known.oldest_proof) == (NOW - 9 * DAY, NOW - 50 * DAY)
    assert (known.verified, known.unverified) == (2, 3)


def test_what_was_removed_here_is_counted(journal: Journal) -> None:
    journal.write([row("a.svs", State.VERIFIED, removed=NOW), row("b.svs", State.VERIFIED)])
    assert totals(journal, NOW).removed == 1


def test_months_are_those_of_the_clock_on_the_wall(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not hasattr(time, "tzset"):
        pytest.skip("no way to change the time zone of a process here")
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Pacific/Auckland")
        time.tzset()
        last_of_may = 1_780_228_800.0  # 2026-05-31 12:00 UTC: in Auckland the 1st of June
        journal.write(
            [
                row("a.svs", sent=last_of_may - 3600),
                row("b.svs", sent=last_of_may),
                row("c.svs", sent=None),
                row("d.svs", State.FAILED, sent=last_of_may),
            ]
        )
        assert months(journal) == [
            (None, Amount(1, 1, 1000)),
            ("2026-05", Amount(1, 1, 1000)),
            ("2026-06", Amount(1, 1, 1000)),
        ]
    time.tzset()


def test_what_verifying_missed_is_not_archived(journal: Journal) -> None:
    missed = "`labsight verify`: there is no object"
    journal.write([row("a.svs", reason=missed), row("b.svs")])
    known = totals(journal, NOW)
    assert known.archived == Amount(1, 1, 1000)
    assert known.by_state == {"lost": Amount(1, 1, 1000), "uploaded": Amount(1, 1, 1000)}
    assert known.unverified == 1
    assert sum(its.files for _, its in months(journal)) == 1
