"""The help of every command teaches: what it does, an example, what it never does."""

from collections.abc import Iterator
from typing import Any

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from labsight_lab import cli

WIDTH = 80


def _commands(group: Any, *before: str) -> Iterator[tuple[str, ...]]:
    for name, command in group.commands.items():
        if command.hidden:
            continue
        yield (*before, name)
        if isinstance(command, TyperGroup):
            yield from _commands(command, *before, name)


ALL = [(), *_commands(get_command(cli.app))]
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
    examples = [line for line in help_of(*words).splitlines() if line.startswith("  labsight ")]
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


def test_names_that_are_only_kept_for_old_scripts_are_not_taught(help_of: Any) -> None:
    text = help_of("sync")
    assert "--threads" not in text
    assert "--interval" not in text
