from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from labsight_lab.sync.journal.entries import Entry, State
from labsight_lab.sync.journal.exchange import exchange
from labsight_lab.sync.journal.journal import Journal
from labsight_lab.sync.source import Fingerprint
from tests.lab.support import open_journal

BEFORE = Entry(
    path="a.svs",
    key="slides/scanner-1/a.svs",
    fingerprint=Fingerprint(3, 4),
    state=State.UPLOADED,
    revision=1,
    crc64=5,
    unit="u/",
)
AFTER = replace(
    BEFORE,
    fingerprint=Fingerprint(6, 7),
    state=State.VERIFIED,
    reason="so",
    revision=2,
    crc64=None,
    verified=8.5,
    removed=9.5,
)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    opened = open_journal(tmp_path, tmp_path / "journal")
    yield opened
    opened.close()


def test_an_entry_takes_the_place_of_one_that_is_as_it_was_read(journal: Journal) -> None:
    journal.write([BEFORE])
    assert exchange(journal, [(BEFORE, AFTER)]) == [AFTER]
    assert journal.entry("a.svs") == AFTER
    assert exchange(journal, [(AFTER, BEFORE)]) == [BEFORE]
    assert journal.entry("a.svs") == BEFORE


@pytest.mark.parametrize(
    "meanwhile",
    [
        {"fingerprint": Fingerprint(3, 5)},
        {"fingerprint": Fingerprint(2, 4)},
        {"state": State.SEEN},
        {"revision": 2},
        {"crc64": None},
        {"crc64": 6},
        {"removed": 1.0},
        {"upload": "upload-1"},
    ],
)
def test_what_changed_meanwhile_is_left_alone(journal: Journal, meanwhile: Any) -> None:
    now = replace(BEFORE, **meanwhile)
    journal.write([now])
    assert exchange(journal, [(BEFORE, AFTER)]) == []
    assert journal.entry("a.svs") == now


def test_one_that_changed_keeps_no_other_back(journal: Journal) -> None:
    others = [replace(BEFORE, path=f"{number}.svs") for number in range(3)]
    journal.write([others[0], replace(others[1], state=State.SEEN), others[2]])
    pairs = [(one, replace(one, state=State.VERIFIED)) for one in others]
    assert [one.path for one in exchange(journal, pairs)] == ["0.svs", "2.svs"]


def test_it_is_not_told_as_newly_written(journal: Journal) -> None:
    journal.write([BEFORE])
    journal.change(lambda db: db.execute("UPDATE file SET changed = 12"))
    exchange(journal, [(BEFORE, AFTER)])
    assert journal.ask("SELECT changed FROM file") == [(12.0,)]


def test_nothing_is_no_change(journal: Journal) -> None:
    assert exchange(journal, []) == []
