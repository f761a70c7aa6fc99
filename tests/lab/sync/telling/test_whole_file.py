"""A file is there as a whole or not at all."""

import io
import os
import sys
from pathlib import Path

import pytest

from labsight.errors import InvalidInput
from labsight_lab.sync.telling.whole_file import STANDARD_OUTPUT, whole_file


def test_what_was_there_stays_until_all_is_written(tmp_path: Path) -> None:
    place = tmp_path / "r.csv"
    place.write_text("before")
    with whole_file(place) as out:
        out.write("Präparat\r\n")
        out.flush()
        assert place.read_text() == "before"
    assert place.read_bytes() == "Präparat\r\n".encode()
    assert list(tmp_path.iterdir()) == [place]


def test_what_fails_half_way_leaves_nothing_behind(tmp_path: Path) -> None:
    place = tmp_path / "r.csv"
    place.write_text("before")

    def fail() -> None:
        with whole_file(place) as out:
            out.write("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert place.read_text() == "before"
    assert list(tmp_path.iterdir()) == [place]


@pytest.mark.parametrize("name", ["missing/r.csv", "folder"])
def test_a_place_that_cannot_be_written_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()

    def write() -> None:
        with whole_file(tmp_path / name) as out:
            out.write("x")

    with pytest.raises(InvalidInput, match=r"cannot be written: .*; name another place"):
        write()
    assert [one.name for one in tmp_path.iterdir()] == ["folder"]


def test_standard_output_is_utf_8_whatever_its_own_encoding(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bytes_out = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(bytes_out, encoding="cp1252"))
    with whole_file(STANDARD_OUTPUT, "utf-8-sig") as out:
        out.write("日本\r\n")
    sys.stdout.write("after")
    sys.stdout.flush()
    assert bytes_out.getvalue() == "日本\r\n".encode() + b"after"


def test_there_may_be_no_standard_output(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)

    def write() -> None:
        with whole_file(STANDARD_OUTPUT):
            pass

    with pytest.raises(InvalidInput, match="name a file"):
        write()


@pytest.mark.skipif(os.name != "posix", reason="pipes of this kind")
def test_a_reader_that_has_seen_enough_is_no_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as pipe:
        monkeypatch.setattr(sys, "stdout", pipe)
        with whole_file(STANDARD_OUTPUT) as out:
            for _ in range(10_000):
                out.write("x" * 100)
