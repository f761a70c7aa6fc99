"""Standard output: a terminal has a width, and there may be none at all."""

import io
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labsight_lab.sync.telling import out


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_only_a_terminal_has_a_width(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    assert out.width() is None
    monkeypatch.setattr(sys, "stdout", Terminal())
    monkeypatch.setenv("COLUMNS", "80")
    assert out.width() == 80
    monkeypatch.setenv("COLUMNS", "7")
    assert out.width() == 40
    monkeypatch.setattr(sys, "stdout", None)
    assert out.width() is None


def test_where_there_is_no_output_nothing_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    out.put("hello")


def test_what_fits_is_one_line_and_a_name_stays_whole() -> None:
    assert out.item("a.svs", "why", 80) == ["  a.svs: why"]
    assert out.item("a b.svs", "why " * 30, 40)[0] == "  a b.svs"
    assert out.item("a.svs", "why " * 30, None) == ["  a.svs: " + "why " * 30]


@given(st.text(st.characters(categories=["L", "N"], include_characters=" -")), st.integers(40, 120))
def test_no_word_is_lost(text: str, wide: int) -> None:
    lines = out.wrapped(text, wide, indent="    ", first="  what: ")
    assert " ".join(lines).split()[1:] == text.split() or not text.split()
