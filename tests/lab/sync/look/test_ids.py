"""Ids of a case and a slide, from a file's name or from the lab's list."""

import os
import unicodedata
from pathlib import Path

import pytest

from labsight.errors import SettingsError
from labsight.objects.metadata import MAX_ID
from labsight_lab.sync.look import id_table
from labsight_lab.sync.look.id_pattern import MAX_NAME
from labsight_lab.sync.look.id_table import Columns, ListUnreadable, Table
from labsight_lab.sync.look.ids import FoundIds, Ids

PATTERN = r"(?P<case>S\d\d-\d+)[_-](?P<slide>\w+)\.svs$"


def listed(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "ids.csv"
    path.write_bytes(text.encode(encoding))
    return path


def reading(table: Path, pattern: str | None = None, columns: Columns | None = None) -> Ids:
    ids = Ids(pattern, table, columns)
    ids.refresh()
    return ids


def test_an_expression_finds_ids_in_the_path() -> None:
    ids = Ids(PATTERN)
    assert ids.of("2026/S26-01234_A1.svs") == FoundIds("S26-01234", "A1")
    assert ids.of("2026/s26-01234_a1.SVS") == FoundIds("s26-01234", "a1")
    assert ids.of("2026/other.svs") == FoundIds()
    assert Ids(r"^(?P<scanner>[^/]+)/").of("at2-left/a.svs").scanner == "at2-left"
    assert ids.problems == ()


def test_a_group_that_took_no_part_or_nothing_tells_no_id() -> None:
    ids = Ids(r"(?P<case>\d*)x(?P<slide>y)?")
    assert ids.of("x.svs") == FoundIds()


def test_decomposed_names_give_composed_ids() -> None:
    path = unicodedata.normalize("NFD", "Fälle-Ä7.svs")
    assert Ids(r"-(?P<case>\w+)\.").of(path).case_id == "Ä7"


def test_neither_expression_nor_list_finds_nothing() -> None:
    assert Ids().of("S26-1_A1.svs") == FoundIds()


def test_a_bad_expression_is_a_setting_that_is_wrong() -> None:
    with pytest.raises(SettingsError, match=r"ids\.pattern"):
        Ids("(")


def test_a_path_that_is_too_long_is_not_looked_at() -> None:
    ids = Ids(r"(?P<case>x)")
    assert ids.of("x" * MAX_NAME).case_id == "x"
    assert ids.of("x" * (MAX_NAME + 1)) == FoundIds()
    assert "too long to take ids from" in ids.problems[0]


def test_an_expression_that_takes_long_is_used_no_more() -> None:
    times = iter([0.0, 1.0, 10.0, 17.0])
    ids = Ids(r"(?P<case>x)", clock=lambda: next(times))
    assert ids.of("x1").case_id == "x"
    assert ids.of("x2").case_id == "x"
    assert ids.of("x3").case_id is None
    (problem,) = ids.problems
    assert problem.startswith("ids.pattern took 7 s for 'x2'")


@pytest.mark.parametrize(
    ("value", "said"),
    [("7" * (MAX_ID + 1), "has 65 characters; at most 64"), ("7\u202e8", "cannot be shown"),
     ("7\x018", "cannot be shown"), ("7\udc80", "cannot be shown")],
)  # fmt: skip
def test_an_id_that_is_no_id_is_left_out_and_named(value: str, said: str) -> None:
    ids = Ids(r"/(?P<case>[^/]+)/")
    for _ in range(2):
        assert ids.of(f"a/{value}/b.svs") == FoundIds()
    (problem,) = ids.problems
    assert said in problem
    assert "case id" in problem


def test_an_id_may_be_as_long_as_it_may_be() -> None:
    assert Ids(r"/(?P<case>[^/]+)/").of(f"a/ {'7' * MAX_ID}/b").case_id == "7" * MAX_ID


def test_a_list_has_the_last_word_field_by_field(tmp_path: Path) -> None:
    table = listed(tmp_path, "file,case_id,slide_id\nS26-1_A1.svs,T7,\n")
    assert reading(table, PATTERN).of("S26-1_A1.svs") == FoundIds("T7", "A1")


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("file,case_id,slide_id\r\nä.svs,Fall 7,Ä1\r\n", "utf-8"),
        ("file;case_id;slide_id\r\nä.svs;Fall 7;Ä1\r\n", "utf-8-sig"),
        ("sep=;\r\nfile;case_id;slide_id\r\nä.svs;Fall 7;Ä1", "utf-8-sig"),
        ("file\tcase_id\tslide_id\r\nä.svs\tFall 7\tÄ1\r\n", "utf-16"),
        ('"Slide_ID" ;"note, or not"; CASE_ID;"file"\n Ä1 ;"x;y";" Fall 7";ä.svs', "utf-8"),
    ],
)
def test_a_list_is_read_as_programs_save_it(text: str, encoding: str, tmp_path: Path) -> None:
    ids = reading(listed(tmp_path, text, encoding))
    assert ids.of("ä.svs") == FoundIds("Fall 7", "Ä1")
    assert ids.problems == ()


def test_a_list_in_an_older_code_page_is_read_with_a_warning(tmp_path: Path) -> None:
    table = listed(tmp_path, "file;case_id\nä.svs;Fall “7”\n", "cp1252")
    ids = reading(table)
    assert ids.of("ä.svs").case_id == "Fall “7”"
    assert "is not UTF-8 and was read as Windows-1252" in ids.problems[0]


def test_the_headings_can_be_others(tmp_path: Path) -> None:
    table = listed(tmp_path, "Datei;Fall;Objektträger;Gerät\na.svs;7;A1;links\n")
    columns = Columns(file="datei", case_id="fall", slide_id="objektträger", scanner="gerät")
    assert reading(table, columns=columns).of("x/a.svs") == FoundIds("7", "A1", "links")


def test_a_list_names_paths_file_names_or_folders(tmp_path: Path) -> None:
    lines = "file,case_id\nx\\a.svs,path\n./b.svs,name\nx/y/,folder\nPRÄ.svs,capitals\n"
    ids = reading(listed(tmp_path, lines))
    expected = {
        "x/a.svs": "path", "z/a.svs": None, "z/b.svs": "name", "x/y/c.svs": "folder",
        "x/y/z/c.svs": "folder", "x/c.svs": None, "prä.SVS": "capitals", "x/y/b.svs": "name",
    }  # fmt: skip
    assert {path: ids.of(path).case_id for path in expected} == expected


def test_lines_that_contradict_each_other_are_not_used(tmp_path: Path) -> None:
    table = listed(tmp_path, "file,case_id\na.svs,7\nb.svs,8\nb.svs,8\nA.SVS,9\n")
    ids = reading(table)
    assert ids.of("a.svs") == FoundIds()
    assert ids.of("b.svs").case_id == "8"
    (problem,) = ids.problems
    assert "lines 2 and 5 say different things about 'A.SVS'" in problem


def test_names_in_the_list_are_held_against_the_files(tmp_path: Path) -> None:
    table = listed(tmp_path, "file,case_id\n1.svs,7\nx/2.svs,8\ntypo.svs,9\ny/,10\n")
    ids = reading(table)
    assert ids.of("x/1.svs").case_id == "7"
    ids.check(["x/1.svs", "y/1.svs", "x/2.svs", "y/3.svs"])
    assert ids.of("x/1.svs") == FoundIds()
    assert ids.of("x/2.svs").case_id == "8"
    assert ids.problems == (
        "'1.svs' in the list of ids fits several files: write it with its folder",
        "'typo.svs' in the list of ids fits no file",
    )
    ids.check(["x/1.svs", "typo.svs", "x/2.svs", "y/3.svs"])
    assert ids.of("x/1.svs").case_id == "7"
    assert not ids.problems


def test_a_file_that_is_listed_with_its_folder_leaves_the_name_alone_to_the_other(
    tmp_path: Path,
) -> None:
    ids = reading(listed(tmp_path, "file,case_id\nx/1.svs,7\n1.svs,8\n"))
    ids.check(["x/1.svs", "y/1.svs"])
    assert [ids.of(path).case_id for path in ("x/1.svs", "y/1.svs")] == ["7", "8"]
    assert ids.problems == ()


def test_a_list_is_read_again_when_it_has_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = listed(tmp_path, "file,case_id\na.svs,7\n")
    reads: list[Path] = []
    read = id_table.read

    def counted(path: Path, columns: Columns) -> Table:
        reads.append(path)
        return read(path, columns)

    monkeypatch.setattr(id_table, "read", counted)
    ids = reading(table)
    ids.refresh()
    assert len(reads) == 1
    listed(tmp_path, "file,case_id\na.svs,8\n")
    os.utime(table, ns=(1, 1))
    ids.refresh()
    assert (len(reads), ids.of("a.svs").case_id) == (2, "8")


def test_a_list_that_is_away_is_told_until_it_is_back(tmp_path: Path) -> None:
    table = listed(tmp_path, "file,case_id\na.svs,7\n")
    ids = reading(table)
    table.rename(tmp_path / "kept")
    with pytest.raises(
        ListUnreadable, match=r"ids\.csv, .*ids\.table.*: No such file .*nothing is"
    ):
        ids.refresh()
    assert ids.of("a.svs").case_id == "7", "for what is under way"
    (tmp_path / "kept").rename(table)
    ids.refresh()
    assert ids.problems == ()


def test_a_list_that_became_none_is_told_again_and_again(tmp_path: Path) -> None:
    ids = reading(listed(tmp_path, "file,case_id\na.svs,7\n"))
    listed(tmp_path, "")
    for _ in range(2):
        with pytest.raises(ListUnreadable, match="needs a column headed 'file'"):
            ids.refresh()
    listed(tmp_path, "file,case_id\na.svs,8\n")
    ids.refresh()
    assert ids.of("a.svs").case_id == "8"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "needs a column headed 'file'"),
        (b"name,case_id\na.svs,7\n", "'file' and at least one of 'case_id', 'slide_id', 'scanner'"),
        (b"file\na.svs\n", "at least one of 'case_id'"),
        (b'file,case_id\na.svs,"' + b"x" * 200_000 + b'"\n', "cannot be read as CSV"),
        (b"file,case_id\n" + b"x" * id_table.MAX_BYTES, "has more than 32 MiB"),
    ],
)
def test_a_list_that_is_none_is_told(content: bytes, said: str, tmp_path: Path) -> None:
    table = tmp_path / "ids.csv"
    table.write_bytes(content)
    with pytest.raises(ListUnreadable) as caught:
        reading(table)
    assert said in caught.value.message


def test_any_bytes_are_read_or_told(tmp_path: Path) -> None:
    table = tmp_path / "ids.csv"
    table.write_bytes(b"file,case_id\n\0\xff\x81,\0\n,x\na.svs\n,,,\n\n")
    ids = reading(table)
    assert ids.of("a.svs") == FoundIds()


def test_problems_are_bounded(tmp_path: Path) -> None:
    lines = "".join(f"{n}.svs,{m}\n" for m in (1, 2) for n in range(1500))
    ids = reading(listed(tmp_path, f"file,case_id\n{lines}"), r"/(?P<case>.+)/")
    assert len(ids.problems) == id_table.MAX_PROBLEMS
