"""`labsight init`: what is asked, what is written, what is tried."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from labsight.errors import Conflict, InvalidInput, SettingsError
from labsight_lab.settings import finding, init, trial
from labsight_lab.settings.init import InitOptions
from labsight_lab.settings.questions import QUESTIONS
from labsight_lab.settings.reading import read
from labsight_lab.settings.trial import Finding
from labsight_lab.sync.options import SyncOptions
from tests.lab.settings.script import Script


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "slides"
    place.mkdir()
    return place


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "settings" / "labsight.toml"


@pytest.fixture(autouse=True)
def tried(monkeypatch: pytest.MonkeyPatch, file: Path) -> list[SyncOptions]:
    """The settings file's usual place is the test's own, and every trial is well."""
    options: list[SyncOptions] = []

    def findings(asked: SyncOptions) -> Iterator[Finding]:
        options.append(asked)
        yield Finding("folder", "all is well")

    monkeypatch.setattr(trial, "findings", findings)
    monkeypatch.setattr(finding, "usual_place", lambda: file)
    monkeypatch.delenv("LABSIGHT_CONFIG", raising=False)
    return options


def answers(folder: Path, **more: str) -> dict[str, str | None]:
    return {
        "folder.path": str(folder),
        "folder.source": "scanner-1",
        "archive.bucket": "archive",
        **{name.replace("__", "."): value for name, value in more.items()},
    }


def test_it_asks_shows_writes_and_tries(folder: Path, file: Path, tried: list[Any]) -> None:
    terminal = Script([str(folder), "", "archive", "", "eu-central-1", "10s", "", "", "y"])
    assert init.run(InitOptions(), terminal) == 0
    settings = read(file)
    assert settings.folder.path == folder
    assert settings.archive.bucket == "archive"
    assert settings.archive.region == "eu-central-1"
    assert settings.folder.quiet_period == 10
    assert settings.archive.model_fields_set == {"bucket", "region"}
    assert settings.folder.source
    assert len(terminal.asked) == sum(bool(question.text) for question in QUESTIONS) + 1
    said = "\n".join(terminal.said)
    assert 'bucket = "archive"' in said
    assert f"wrote {file}" in said
    assert "  ok  folder       all is well" in said
    assert "labsight sync --dry-run" in said
    (options,) = tried
    assert (options.target.folder, options.target.bucket) == (folder, "archive")
    assert options.dry_run


def test_what_an_option_answers_is_not_asked(folder: Path, file: Path) -> None:
    terminal = Script(["", "", "", "", "", ""])
    assert init.run(InitOptions(answers=answers(folder)), terminal) == 0
    assert not any("The archive" in text for text in terminal.asked)
    assert read(file).archive.bucket == "archive"


def test_with_yes_nothing_is_asked(folder: Path, file: Path) -> None:
    terminal = Script([])
    given = answers(folder, transfer__limit="20Mbit", archive__endpoint="http://127.0.0.1:9")
    assert init.run(InitOptions(answers=given, yes=True), terminal) == 0
    settings = read(file)
    assert settings.transfer.limit == "20Mbit"
    assert settings.archive.endpoint == "http://127.0.0.1:9"


def test_no_is_an_answer_and_nothing_is_written(folder: Path, file: Path, tried: list[Any]) -> None:
    terminal = Script(["", "", "", "", "", "n"])
    assert init.run(InitOptions(answers=answers(folder)), terminal) == 0
    assert terminal.said[-1] == "nothing was written"
    assert not file.exists()
    assert tried == []


def test_what_does_not_work_ends_with_1_and_the_file_stays(
    folder: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = [Finding("folder", "fine"), Finding("bucket", "there is none", works=False)]
    monkeypatch.setattr(trial, "findings", lambda _: iter(found))
    terminal = Script([])
    assert init.run(InitOptions(answers=answers(folder), yes=True), terminal) == 1
    assert "  NO  bucket       there is none" in terminal.said
    assert "something does not work yet" in terminal.said[-1]
    assert file.exists()


def test_the_trial_can_be_left_out(folder: Path, tried: list[Any]) -> None:
    options = InitOptions(answers=answers(folder), yes=True, test=False)
    assert init.run(options, Script([])) == 0
    assert tried == []


def test_the_trial_can_be_repeated_alone(folder: Path, file: Path, tried: list[Any]) -> None:
    init.run(InitOptions(answers=answers(folder), yes=True, test=False), Script([]))
    before = file.read_bytes()
    terminal = Script([])
    assert init.run(InitOptions(only_test=True), terminal) == 0
    assert (terminal.asked, file.read_bytes()) == ([], before)
    assert "  ok  folder       all is well" in terminal.said
    (options,) = tried
    assert options.target.folder == folder


def test_a_trial_that_fails_names_how_to_repeat_it(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = Finding("bucket", "there is none", works=False)
    monkeypatch.setattr(trial, "findings", lambda _: iter([found]))
    terminal, other = Script([]), tmp_path / "other.toml"
    assert init.run(InitOptions(answers=answers(folder), yes=True, config=other), terminal) == 1
    assert f"`labsight init --test --config {other}`" in terminal.said[-1]
    assert init.run(InitOptions(only_test=True, config=other), terminal) == 1


def test_a_trial_alone_takes_no_answers_and_needs_a_file(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"--test tries the settings there are; .*--folder"):
        init.run(InitOptions(answers=answers(folder), only_test=True), Script([]))
    with pytest.raises(SettingsError, match="`labsight init` writes one"):
        init.run(InitOptions(only_test=True), Script([]))
    with pytest.raises(InvalidInput, match="--test or --no-test"):
        init.run(InitOptions(only_test=True, test=False), Script([]))
    with pytest.raises(SettingsError, match="does not exist"):
        init.run(InitOptions(only_test=True, config=tmp_path / "none.toml"), Script([]))


def test_a_file_that_is_there_is_not_replaced_unasked(folder: Path, file: Path) -> None:
    options = InitOptions(answers=answers(folder), yes=True)
    init.run(options, Script([]))
    file.write_text("# mine", encoding="utf-8")
    with pytest.raises(Conflict, match="is there already; --force replaces it"):
        init.run(options, Script([]))
    with pytest.raises(Conflict, match="stays as it is"):
        init.run(InitOptions(), Script(["n"]))
    assert file.read_text(encoding="utf-8") == "# mine"


def test_a_file_that_is_changed_keeps_its_other_settings(folder: Path, file: Path) -> None:
    file.parent.mkdir()
    text = "[archive]\nbucket = 'before'\n[folder]\nexclude = ['a']\nsource = 'scanner-7'"
    file.write_text(text, encoding="utf-8")
    terminal = Script(["y", str(folder), "", "after", "", "", "", "", "", ""])
    assert init.run(InitOptions(), terminal) == 0
    settings = read(file)
    assert (settings.archive.bucket, settings.folder.source) == ("after", "scanner-7")
    assert settings.folder.exclude == ("a",)


def test_a_file_that_cannot_be_read_is_begun_anew(folder: Path, file: Path) -> None:
    file.parent.mkdir()
    file.write_text("[archive", encoding="utf-8")
    terminal = Script([])
    options = InitOptions(answers=answers(folder), yes=True, force=True)
    assert init.run(options, terminal) == 0
    assert "nothing of it is kept" in terminal.said[0]
    assert read(file).archive.bucket == "archive"


def test_with_yes_what_is_needed_and_missing_is_named(folder: Path, file: Path) -> None:
    with pytest.raises(InvalidInput, match="--bucket: needed, since --yes asks nothing"):
        init.run(InitOptions(answers={**answers(folder), "archive.bucket": None}, yes=True))
    assert not file.exists()


def test_an_option_that_does_not_fit_is_told_before_anything_is_asked(folder: Path) -> None:
    given = answers(folder, folder__source="Scanner 1")
    with pytest.raises(InvalidInput, match=r"^--source: source 'Scanner 1': use 1 to 63"):
        init.run(InitOptions(answers=given), Script([]))


def test_without_a_terminal_it_says_which_options_it_takes(
    monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: False)
    with pytest.raises(InvalidInput, match="give --folder, --source, --bucket and --yes"):
        init.run(InitOptions(answers=answers(folder)))


def test_the_end_of_the_input_is_no_answer(monkeypatch: pytest.MonkeyPatch, file: Path) -> None:
    def end(_: str) -> str:
        raise EOFError

    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("builtins.input", end)
    with pytest.raises(InvalidInput, match="left unanswered; nothing was written"):
        init.run(InitOptions())
    assert not file.exists()


def test_the_file_may_go_elsewhere_and_the_next_steps_say_so(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LABSIGHT_CONFIG", str(tmp_path / "variable.toml"))
    init.run(InitOptions(answers=answers(folder), yes=True), Script([]))
    assert (tmp_path / "variable.toml").exists()
    terminal, other = Script([]), tmp_path / "option.toml"
    init.run(InitOptions(answers=answers(folder), yes=True, config=other), terminal)
    assert other.exists()
    assert f"labsight sync --dry-run --config {other}" in terminal.said[-1]
