"""The help of every command teaches: what it does, an example, what it never does."""

import re
from collections.abc import Iterator
from typing import Any

import click
import pytest

from labsight_lab import cli

WIDTH = 80


def _commands(group: click.Group, *before: str) -> Iterator[tuple[str, ...]]:
    for name, command in group.commands.items():
        if command.hidden:
            continue
        yield (*before, name)
        if isinstance(command, click.Group):
            yield from _commands(command, *before, name)


ALL = [(), *_commands(cli.labsight)]
LAB = [words for words in ALL if words and words[0] != "desktop"]


@pytest.fixture
def help_of(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    monkeypatch.setenv("COLUMNS", str(WIDTH))
    monkeypatch.setenv("NO_COLOR", "1")

    def look(*words: str) -> str:
        assert cli.main([*words, "--help"]) == 0
        return capsys.readouterr().out

    return look


@pytest.mark.parametrize("words", ALL, ids=" ".join)
def test_help_fits_a_terminal_of_80_columns(words: tuple[str, ...], help_of: Any) -> None:
    text = help_of(*words)
    assert " ".join(("Usage: labsight", *words)) in text
    assert max(map(len, text.splitlines())) <= WIDTH
    assert "…" not in text  # nothing was cut to fit


@pytest.mark.parametrize("words", LAB, ids=" ".join)
def test_help_shows_the_command_in_use(words: tuple[str, ...], help_of: Any) -> None:
    if words in {("keys",), ("service",)}:
        return
    examples = [line for line in help_of(*words).splitlines() if line.startswith("      labsight ")]
    assert examples
    assert all(line.split()[: len(words) + 1] == ["labsight", *words] for line in examples)


@pytest.mark.parametrize("name", ["init", "sync", "serve"])
def test_help_says_what_the_command_never_does(name: str, help_of: Any) -> None:
    assert "never" in help_of(name)


def test_the_first_page_teaches_the_way(help_of: Any) -> None:
    text = help_of()
    for step in ("labsight serve FOLDER", "labsight init", "labsight sync --dry-run"):
        assert step in text
    assert "Exit codes: 0 done, 1 some files failed" in text


def headings(text: str) -> list[str]:
    """The lines that begin a section, without their colons."""
    return [line[:-1] for line in text.splitlines() if line.endswith(":") and line[0] != " "]


def test_options_and_commands_stand_under_headings(help_of: Any) -> None:
    assert headings(help_of("sync")) == [
        "Arguments",
        "Options",
        "Which slides",
        "How fast",
        "Instead of the settings file",
    ]
    assert headings(help_of()) == [
        "Options",
        "Send slides to the archive",
        "Look at slides",
        "Operate a stack",
    ]
    assert headings(help_of("service")) == ["Options", "Commands"]


def test_all_explanations_of_a_page_begin_in_one_column(help_of: Any) -> None:
    rows = re.findall(r"^  -.*?  +(?=\S)", help_of("sync"), re.MULTILINE)
    assert len(rows) > 15
    assert len(set(map(len, rows))) == 1


def test_what_is_hidden_is_not_listed(help_of: Any) -> None:
    text = help_of("service")
    assert "  print " in text
    assert "  run " not in text


def test_a_wide_terminal_is_used_as_far_as_lines_stay_readable(
    help_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    assert WIDTH < max(map(len, help_of("sync").splitlines())) <= 100


def test_colours_are_for_terminals(help_of: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "\x1b" not in help_of("sync")
    monkeypatch.setattr("click._compat.isatty", lambda _: True)
    assert "\x1b" not in help_of("sync"), "NO_COLOR"
    monkeypatch.delenv("NO_COLOR")
    assert "\x1b[1mWhich slides\x1b[0m:" in help_of("sync")


def test_a_command_that_is_not_there_is_told_with_what_it_may_have_been(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert cli.main(["syn"]) == 2
    assert "No such command 'syn'. Did you mean 'sync'?" in capsys.readouterr().err


def test_names_that_are_only_kept_for_old_scripts_are_not_taught(help_of: Any) -> None:
    text = help_of("sync")
    assert "--threads" not in text
    assert "--interval" not in text
