"""`labsight init`: asks, writes the settings file, and tries whether everything works with it."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from shutil import get_terminal_size
from textwrap import fill
from typing import Any

from labsight.errors import Conflict, InvalidInput, SettingsError
from labsight_lab.settings import questions
from labsight_lab.settings.choice import Given, sync_options
from labsight_lab.settings.finding import place_to_write
from labsight_lab.settings.model import LabSettings
from labsight_lab.settings.questions import QUESTIONS, Console, Terminal
from labsight_lab.settings.reading import load, read
from labsight_lab.settings.writing import gist, save


@dataclass(frozen=True, kw_only=True)
class InitOptions:
    """What was asked for. ``answers`` are by setting, None where there is a question to ask.

    ``only_test``: try the settings there are, and change nothing.
    """

    config: Path | None = None
    answers: Mapping[str, str | None] = field(default_factory=dict)
    yes: bool = False
    force: bool = False
    test: bool = True
    only_test: bool = False


def run(options: InitOptions, terminal: Terminal | None = None) -> int:
    """Make a settings file, then try it; return 1 when something does not work with it."""
    if options.only_test:
        return _try(options, terminal or Console())
    terminal = terminal or _console(options)
    file = place_to_write(options.config)
    _check(options)
    before = _before(file, options, terminal)
    answers = _answers(options, before, terminal)
    settings = _settings(before, answers)
    terminal.say(f"\n{gist(settings)}\n")
    if not _agreed(f"Write this to {file}?", options, terminal):
        terminal.say("nothing was written")
        return 0
    save(settings, file, replace=True)
    terminal.say(f"wrote {file}; it explains every other setting, too")
    if options.test and not _works(file, options, terminal):
        return 1
    terminal.say(_next(options.config))
    return 0


def _try(options: InitOptions, terminal: Terminal) -> int:
    given = [question.option for question in QUESTIONS if options.answers.get(question.setting)]
    if given:
        raise InvalidInput(
            f"--test tries the settings there are; leave it out with {', '.join(given)}"
        )
    if not options.test:
        raise InvalidInput("give --test or --no-test, not both")
    load(options.config)
    file = place_to_write(options.config)
    if not _works(file, options, terminal):
        return 1
    terminal.say(_next(options.config))
    return 0


def _console(options: InitOptions) -> Terminal:
    if not (options.yes or sys.stdin.isatty()):
        needed = ", ".join(question.option for question in QUESTIONS if question.needed)
        raise InvalidInput(
            f"labsight init asks, and there is no terminal to answer: give {needed} and --yes"
        )
    return Console()


def _check(options: InitOptions) -> None:
    """Refuse an option whose value does not fit, before anything is asked."""
    for question in QUESTIONS:
        answer = options.answers.get(question.setting)
        problem = questions.wrong(question, answer) if answer is not None else None
        if problem is None and options.yes and question.needed and answer is None:
            problem = "needed, since --yes asks nothing"
        if problem is not None:
            raise InvalidInput(f"{question.option}: {problem}")


def _before(file: Path, options: InitOptions, terminal: Terminal) -> dict[str, Any]:
    """Return what the file says already, after it was agreed to replace it."""
    if not file.exists():
        return {}
    if options.yes and not options.force:
        raise Conflict(f"{file} is there already; --force replaces it")
    try:
        told = read(file).model_dump(exclude_unset=True)
    except SettingsError as error:
        terminal.say(f"{error.message}\nso nothing of it is kept")
        told = {}
    else:
        terminal.say(f"{file} is there already; its settings are kept where nothing else is said")
    if not (options.force or _agreed("Change it?", options, terminal)):
        raise Conflict(f"{file} stays as it is")
    return told


def _answers(
    options: InitOptions, before: Mapping[str, Any], terminal: Terminal
) -> dict[str, str | None]:
    answers = dict(options.answers)
    if options.yes:
        return answers
    terminal.say("Enter takes what stands in [brackets]; Ctrl-C ends, and nothing is written.\n")
    for question in QUESTIONS:
        if question.text and answers.get(question.setting) is None:
            section, _, name = question.setting.partition(".")
            usual = before.get(section, {}).get(name) or ""
            if not usual and question.setting == "folder.source":
                usual = questions.suggested_source()
            answers[question.setting] = questions.ask(question, usual, terminal)
    return answers


def _settings(before: Mapping[str, Any], answers: Mapping[str, str | None]) -> LabSettings:
    told = questions.document(answers)
    merged = {
        name: {**before.get(name, {}), **told.get(name, {})} for name in LabSettings.model_fields
    }
    return LabSettings.model_validate(merged, context={"folder": Path.cwd()})


def _agreed(question: str, options: InitOptions, terminal: Terminal) -> bool:
    return options.yes or terminal.ask(f"{question} [Y/n] ").strip().lower() in {"", "y", "yes"}


def _works(file: Path, asked: InitOptions, terminal: Terminal) -> bool:
    from labsight_lab.settings import trial  # noqa: PLC0415 - only where it is wanted

    options = sync_options(Given(config=file), watch=False, dry_run=True, as_json=False)
    terminal.say("\nnow trying it; nothing is sent:")
    good = True
    for finding in trial.findings(options):
        about = f"  {finding.mark}  {finding.about:<12} "
        terminal.say(
            fill(
                finding.said,
                get_terminal_size().columns - 1,
                initial_indent=about,
                subsequent_indent=" " * len(about),
                break_long_words=False,
                break_on_hyphens=False,
            )
        )
        good = good and finding.works
    if not good:
        terminal.say(
            f"\nsomething does not work yet: put it right, in {file} or outside, then try again "
            f"with `labsight init --test{_more(asked.config)}`"
        )
    return good


def _more(config: Path | None) -> str:
    return f" --config {config}" if config else ""


def _next(config: Path | None) -> str:
    more = _more(config)
    return (
        "\nnext:\n"
        f"  labsight sync --dry-run{more}    show what would be sent\n"
        f"  labsight sync{more}              send it, then end\n"
        f"  labsight service install{more}   go on sending, whenever this computer runs"
    )
