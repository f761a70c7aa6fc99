"""`labsight report`: all that the journal knows, as a table, a document or a page."""

import csv
import io
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labsight.errors import InvalidInput
from labsight_lab.sync.journal.entries import State
from labsight_lab.sync.journal.problems import Found
from labsight_lab.sync.journal.reader import Reader
from labsight_lab.sync.journal.runs import RunLog
from labsight_lab.sync.source import Fingerprint
from labsight_lab.sync.target import Target
from labsight_lab.sync.telling import inventory, inventory_csv
from labsight_lab.sync.telling.inventory import ReportOptions
from labsight_lab.sync.telling.inventory_rows import Inventory, Row
from tests.lab.sync.telling.made import DAY, NOW, open_for, row, target

FORMULA = "=+-@\t\uff1d\uff0b\uff0d\uff20"  # what spreadsheets take one to begin with
HOSTILE = "2026/<script>alert(1)</script> & \"x\" 'y'.svs"


@pytest.fixture
def aim(tmp_path: Path) -> Target:
    """A folder of which the journal knows something of each kind."""
    place = target(tmp_path / "away", tmp_path / "j.sqlite")
    journal = open_for(place)
    journal.write(
        [
            row("2026/a.svs", State.VERIFIED, sent=NOW - 40 * DAY),
            row("2026/b.svs", revision=3, fingerprint=Fingerprint(2_000_000, 1)),
            row(HOSTILE, State.FAILED, reason="cannot be read: <b>"),
            row("s1.mrxs", unit="s1/"),
            row("s1/0.dat", unit="s1/"),
            row("s1/1.dat", State.FAILED, unit="s1/", reason="503"),
            row("s1/"),
            row("d/1.dcm", unit="d/series-1a2b3c4d/"),
            row("d/2.dcm", State.SEEN, unit="d/series-1a2b3c4d/"),
            row("\udcff\x1b.svs", State.CONFLICT, key="slides/scanner-1/x", reason="taken"),
        ]
    )
    found = {"cut.svs": Found("unfinished", "it ends early")}
    RunLog(journal).looked(files=0, bytes=0, problems=found)
    journal.close()
    return place


@pytest.fixture
def rows(aim: Target) -> Iterator[Inventory]:
    with Reader(aim.journal_file, aim.identity) as reader:
        yield Inventory(reader, aim.source)


class TestRows:
    def test_each_file_is_there_once_in_the_order_of_paths(self, rows: Inventory) -> None:
        told = [(one.path, one.kind, one.unit) for one in rows.files()]
        assert told == [
            (HOSTILE, "file", ""),
            ("2026/a.svs", "file", ""),
            ("2026/b.svs", "file", ""),
            ("d/1.dcm", "part", "d/series-1a2b3c4d/"),
            ("d/2.dcm", "part", "d/series-1a2b3c4d/"),
            ("s1.mrxs", "part", "s1/"),
            ("s1/unit.json", "unit", ""),
            ("s1/0.dat", "part", "s1/"),
            ("s1/1.dat", "part", "s1/"),
            ("\\udcff\\x1b.svs", "file", ""),
        ]

    def test_a_row_tells_revision_key_and_checksum_as_s3_writes_it(self, rows: Inventory) -> None:
        found = {one.path: one for one in rows.files()}
        second = found["2026/b.svs"]
        assert (second.key, second.revision) == ("slides/scanner-1/2026/b~r3.svs", 3)
        assert second.crc64 == "gAAAAAAAAAU="
        assert (second.size, second.sent, second.verified) == (2_000_000, NOW - DAY, None)
        assert second.is_archived
        failed = found[HOSTILE]
        assert (failed.revision, failed.crc64, failed.sent) == (0, "", None)
        assert not failed.is_archived

    def test_slides_are_lone_files_and_units_with_what_they_hold(self, rows: Inventory) -> None:
        told = [(one.row.path, one.files, one.size, one.lacking) for one in rows.slides()]
        assert told == [
            (HOSTILE, 1, 1000, 1),
            ("2026/a.svs", 1, 1000, 0),
            ("2026/b.svs", 1, 2_000_000, 0),
            ("d/series-1a2b3c4d/unit.json", 2, 2000, 1),
            ("s1/unit.json", 3, 3000, 1),
            ("\\udcff\\x1b.svs", 1, 1000, 1),
        ]

    def test_slides_are_in_the_order_of_a_telephone_book(self, tmp_path: Path) -> None:
        aim = target(tmp_path, tmp_path / "j2.sqlite")
        names = "b/2.svs B.svs a/1.svs müller/s.mrxs Mulder.svs Müller.svs z.svs b-1/2.svs Zoe.svs"
        journal = open_for(aim)
        journal.write([row(name) for name in names.split()])
        journal.write([row("n/0.dcm", unit="n/x/"), row("N/1.dcm", unit="N/y/"), row("N/y/")])
        journal.close()
        with Reader(aim.journal_file, aim.identity) as reader:
            told = [one.row.path for one in Inventory(reader, aim.source).slides()]
        assert told == [
            *("a/1.svs", "b/2.svs", "b-1/2.svs", "B.svs", "Mulder.svs", "müller/s.mrxs"),
            *("Müller.svs", "n/x/unit.json", "N/y/unit.json", "z.svs", "Zoe.svs"),
        ]

    def test_a_unit_that_was_never_closed_has_its_place_and_no_state_of_its_own(
        self, rows: Inventory
    ) -> None:
        (begun,) = (one.row for one in rows.slides() if one.row.path.startswith("d/"))
        assert (begun.state, begun.revision, begun.crc64) == (State.SEEN, 0, "")
        assert begun.key == "slides/scanner-1/d/series-1a2b3c4d/unit.json"


def written(aim: Target, tmp_path: Path, kind: str) -> bytes:
    place = tmp_path / f"r.{kind}"
    assert inventory.run(ReportOptions(target=aim, **{kind: place})) == 0
    return place.read_bytes()


class TestCsv:
    def test_it_is_what_excel_reads(self, aim: Target, tmp_path: Path) -> None:
        data = written(aim, tmp_path, "csv")
        assert data.startswith(b"\xef\xbb\xbfpath,kind,")
        assert data.count(b"\r\n") == data.count(b"\n") == 11
        lines = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))
        (second,) = (line for line in lines if line["path"] == "2026/b.svs")
        del second["reason"], second["removed_utc"], second["source"]
        assert second == {
            "path": "2026/b.svs",
            "kind": "file",
            "unit": "",
            "state": "uploaded",
            "bucket": "archive",
            "key": "slides/scanner-1/2026/b~r3.svs",
            "revision": "3",
            "bytes": "2000000",
            "crc64nvme": "gAAAAAAAAAU=",
            "modified_utc": "1970-01-01 00:00:00",
            "sent_utc": f"{datetime.fromtimestamp(NOW - DAY, UTC):%Y-%m-%d %H:%M:%S}",
            "verified_utc": "",
        }

    @given(st.text(st.characters(exclude_categories=["Cs", "Cc"])), st.sampled_from(FORMULA + "'"))
    def test_no_text_is_a_formula_and_each_can_be_had_again(self, text: str, first: str) -> None:
        aim = Target(folder=Path("/s"), bucket="archive", source="s")
        for path in (text, first + text):
            out = io.StringIO()
            one = Row(path=path, kind="file", state="failed", key="k", reason=path)
            inventory_csv.write(out, aim, [one])
            (cells,) = list(csv.DictReader(io.StringIO(out.getvalue(), newline="")))
            for cell in (cells["path"], cells["reason"]):
                assert not cell.startswith(tuple(FORMULA))
                assert cell.removeprefix("'") == path


class TestJson:
    def test_it_is_one_document_with_totals_and_a_line_for_each_file(
        self, aim: Target, tmp_path: Path
    ) -> None:
        data = written(aim, tmp_path, "json")
        told = json.loads(data)
        assert (told["bucket"], told["source"]) == ("archive", "scanner-1")
        assert told["archived"] == {"slides": 3, "files": 5, "bytes": 2_004_000}
        assert told["by_state"]["failed"] == {"slides": 1, "files": 2, "bytes": 2000}
        assert sum(month["files"] for month in told["by_month"]) == 5
        assert [one["path"] for one in told["problems"]["unfinished"]] == ["cut.svs"]
        assert len(told["files"]) == 10
        (first,) = (one for one in told["files"] if one["path"] == "2026/a.svs")
        assert first["crc64nvme"] == "gAAAAAAAAAU="
        assert datetime.fromisoformat(first["sent"]).timestamp() == NOW - 40 * DAY
        assert data.count(b'\n  {"path"') == 10

    def test_an_empty_journal_is_a_document_too(self, tmp_path: Path) -> None:
        aim = target(tmp_path, tmp_path / "j.sqlite")
        open_for(aim).close()
        told = json.loads(written(aim, tmp_path, "json"))
        assert (told["files"], told["archived"]["files"]) == ([], 0)


class Page(HTMLParser):
    """A page taken apart: its texts by tag, its tables, whether all that opens is closed."""

    VOID = frozenset({"meta", "br", "link"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.texts.append((self.open[-1], data.strip()))


class TestHtml:
    @pytest.fixture
    def page(self, aim: Target, tmp_path: Path) -> Page:
        return Page(written(aim, tmp_path, "html").decode("utf-8"))

    def test_it_is_whole_and_loads_nothing(self, page: Page) -> None:
        assert page.open == []
        assert not {"script", "link", "img", "iframe", "object"} & {tag for tag, _ in page.tags}
        style = "".join(text for tag, text in page.texts if tag == "style")
        assert "url(" not in style
        assert "@import" not in style

    def test_hostile_names_are_text(self, page: Page) -> None:
        assert sum(text == HOSTILE for _, text in page.texts) == 2, "as a slide and as a problem"
        assert ("td", "cannot be read: <b>") in page.texts

    def test_tables_can_be_read_out(self, page: Page) -> None:
        tables = sum(tag == "table" for tag, _ in page.tags)
        assert tables == sum(tag == "caption" for tag, _ in page.tags) == 5
        heads = [attributes for tag, attributes in page.tags if tag == "th"]
        assert {one.get("scope") for one in heads} == {"row", "col"}
        regions = [
            attributes for tag, attributes in page.tags if attributes.get("role") == "region"
        ]
        names = {attributes.get("id") for tag, attributes in page.tags if tag == "caption"}
        assert {one["aria-labelledby"] for one in regions} == names
        assert {one["tabindex"] for one in regions} == {"0"}
        assert next(attributes for tag, attributes in page.tags if tag == "html") == {"lang": "en"}

    def test_figures_come_first(self, page: Page) -> None:
        texts = [text for _, text in page.texts]
        figures = texts.index("slides in the archive")
        assert texts[figures + 1] == "3"
        assert figures < texts.index("To be looked at") < texts.index("All slides")
        assert texts[texts.index("to be looked at") + 1] == "3"

    def test_what_is_not_finished_stands_by_itself(self, page: Page) -> None:
        texts = [text for _, text in page.texts]
        at, by_state = texts.index("Not finished"), texts.index("By state")
        looked_at = page.texts[texts.index("To be looked at") : at]
        assert sum(tag == "th" for tag, _ in looked_at) == 3 + 4, "files and columns"
        assert "cut.svs" in texts[at:by_state]

    def test_words_are_those_of_the_other_kinds_too(self, page: Page) -> None:
        states = page.texts[page.texts.index(("h2", "By state")) :]
        at = states.index(("th", "archived"))
        assert states[at + 1] == ("small", "uploaded")
        assert states[states.index(("th", "failed")) + 1][0] == "td", "the same word"

    def test_the_time_zone_is_told(self, page: Page) -> None:
        texts = [text for _, text in page.texts]
        made = texts[texts.index("Made") + 1]
        assert re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC[+-]\d\d:\d\d by labsight ", made)

    def test_one_file_is_no_files(self, tmp_path: Path) -> None:
        aim = target(tmp_path, tmp_path / "j.sqlite")
        journal = open_for(aim)
        journal.write([row("d/1.dcm", unit="d/x/"), row("d/x/")])
        journal.close()
        page = Page(written(aim, tmp_path, "html").decode("utf-8"))
        assert ("small", "1 file") in page.texts

    def test_a_unit_is_one_slide_with_what_it_lacks(self, page: Page) -> None:
        at = page.texts.index(("th", "s1/"))
        assert page.texts[at + 1] == ("small", "3 files, 1 of them not archived as now")
        assert page.texts[at + 2] == ("td", "archived")

    def test_only_a_key_that_is_not_the_path_is_told(self, page: Page) -> None:
        keys = [text for tag, text in page.texts if text.startswith("key ")]
        assert "key slides/scanner-1/2026/b~r3.svs" in keys
        assert "key slides/scanner-1/2026/a.svs" not in keys

    def test_nothing_wrong_is_said_in_words(self, tmp_path: Path) -> None:
        aim = target(tmp_path, tmp_path / "j.sqlite")
        open_for(aim).close()
        page = Page(written(aim, tmp_path, "html").decode("utf-8"))
        assert any(text.startswith("Nothing: ") for _, text in page.texts)


class TestLost:
    """What `labsight verify` did not find in the archive as it was sent."""

    MISSED = "`labsight verify`: there is no object"

    @pytest.fixture
    def aim(self, tmp_path: Path) -> Target:
        place = target(tmp_path / "away", tmp_path / "j.sqlite")
        journal = open_for(place)
        journal.write([row("a.svs", reason=self.MISSED), row("b.svs"), row("s1/")])
        journal.write([row("s1.mrxs", unit="s1/", reason=self.MISSED), row("s1/0", unit="s1/")])
        journal.close()
        return place

    def test_the_table_says_so(self, aim: Target, tmp_path: Path) -> None:
        text = written(aim, tmp_path, "csv").decode("utf-8-sig")
        lines = list(csv.DictReader(io.StringIO(text, newline="")))
        assert {line["path"]: line["state"] for line in lines if line["reason"]} == {
            "a.svs": "lost",
            "s1.mrxs": "lost",
        }

    def test_the_document_says_so(self, aim: Target, tmp_path: Path) -> None:
        told = json.loads(written(aim, tmp_path, "json"))
        assert told["archived"]["files"] == 2
        assert [one["path"] for one in told["problems"]["lost"]] == ["a.svs", "s1.mrxs"]
        assert [one["path"] for one in told["files"] if one["state"] == "lost"] == [
            "a.svs",
            "s1.mrxs",
        ]

    def test_the_page_says_so(self, aim: Target, tmp_path: Path) -> None:
        page = Page(written(aim, tmp_path, "html").decode("utf-8"))
        texts = [text for _, text in page.texts]
        assert texts[texts.index("to be looked at") + 1] == "2"
        assert texts.count(self.MISSED) == 2
        looks = [attributes.get("class") for tag, attributes in page.tags if tag == "td"]
        assert looks.count("look") == 4, "two files as problems, and their slides"
        assert looks.count("good") == 1


class TestCommand:
    def test_several_kinds_at_once_tell_where_they_are(
        self, aim: Target, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        places: dict[str, Any] = {kind: tmp_path / f"r.{kind}" for kind in ("html", "csv", "json")}
        inventory.run(ReportOptions(target=aim, **places))
        assert [line.split(" (")[0] for line in capsys.readouterr().out.splitlines()] == [
            f"wrote {places[kind]}" for kind in ("html", "csv", "json")
        ]

    def test_standard_output_holds_the_document_alone(
        self, aim: Target, tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
    ) -> None:
        inventory.run(ReportOptions(target=aim, json=Path("-"), csv=tmp_path / "r.csv"))
        assert len(json.loads(capsysbinary.readouterr().out)["files"]) == 10

    def test_a_table_for_a_pipe_has_no_mark_before_it(
        self, aim: Target, tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
    ) -> None:
        inventory.run(ReportOptions(target=aim, csv=Path("-")))
        piped = capsysbinary.readouterr().out
        assert piped.startswith(b"path,kind,")
        assert b"\xef\xbb\xbf" + piped == written(aim, tmp_path, "csv")

    def test_one_kind_is_needed_and_each_its_own_place(self, aim: Target) -> None:
        with pytest.raises(InvalidInput, match="--html FILE, --csv FILE or --json FILE"):
            ReportOptions(target=aim)
        with pytest.raises(InvalidInput, match="can only be one of"):
            ReportOptions(target=aim, csv=Path("-"), json=Path("-"))

    def test_a_folder_that_was_never_synchronised_says_so(self, tmp_path: Path) -> None:
        aim = target(tmp_path, tmp_path / "j.sqlite")
        with pytest.raises(InvalidInput, match="nothing was synchronised yet"):
            inventory.run(ReportOptions(target=aim, csv=tmp_path / "r.csv"))
        assert list(tmp_path.iterdir()) == []
