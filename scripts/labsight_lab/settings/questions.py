"""What `labsight init` asks, and how it asks again until an answer fits."""

import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from pydantic import ValidationError

from labsight.errors import InvalidInput
from labsight_lab.settings import mistakes
from labsight_lab.settings.model import LabSettings

MOST_TRIES = 5
LONGEST_SOURCE = 63


@dataclass(frozen=True, kw_only=True)
class Question:
    """One question: what it sets, the option that answers it, and the words.

    One without words is not asked: only its option answers it.
    """

    setting: str
    option: str
    text: str = ""
    needed: bool = False


QUESTIONS = (
    Question(
        setting="folder.path",
        option="--folder",
        text="The folder that the scanner writes to",
        needed=True,
    ),
    Question(
        setting="folder.source",
        option="--source",
        text="A name for this scanner, part of each slide's place in the archive, for good",
        needed=True,
    ),
    Question(
        setting="archive.bucket",
        option="--bucket",
        text="The archive's bucket (the stack's output archive_bucket)",
        needed=True,
    ),
    Question(
        setting="archive.profile",
        option="--profile",
        text="Profile in this computer's AWS configuration (Enter: the usual one)",
    ),
    Question(
        setting="archive.region",
        option="--region",
        text="The bucket's AWS region, such as eu-central-1 (Enter: the profile's)",
    ),
    Question(
        setting="folder.quiet_period",
        option="--quiet-period",
        text="A file unchanged for how long is finished (Enter: 5s, more for large files)",
    ),
    Question(
        setting="ids.pattern",
        option="--ids-pattern",
        text="Case and slide ids in file names, as a regular expression (Enter: none)",
    ),
    Question(
        setting="transfer.limit",
        option="--limit",
        text="How much network to take: 07:00-19:00 20Mbit, else off (Enter: all)",
    ),
    Question(setting="archive.endpoint", option="--endpoint-url"),
)


class Terminal(Protocol):
    """Who is asked."""

    def ask(self, text: str) -> str:
        """Show a question and return the line that was typed."""
        ...

    def say(self, text: str) -> None:
        """Show a line."""
        ...


class Console:
    """The terminal that the command runs in."""

    def ask(self, text: str) -> str:
        """Show a question and return the line that was typed."""
        try:
            return input(text)
        except EOFError:
            raise InvalidInput("the questions were left unanswered; nothing was written") from None

    def say(self, text: str) -> None:
        """Show a line."""
        print(text, flush=True)  # noqa: T201 - a dialogue


def ask(question: Question, usual: str, terminal: Terminal) -> str | None:
    """Return an answer that fits; Enter takes ``usual``, and None is no answer.

    Raise InvalidInput after some answers that do not.
    """
    shown = f" [{usual}]" if usual else ""
    for _ in range(MOST_TRIES):
        typed = _unquoted(terminal.ask(f"{question.text}{shown}: ")) or usual
        if not typed and not question.needed:
            return None
        problem = wrong(question, typed) if typed else "an answer is needed here"
        if problem is None:
            return typed
        terminal.say(f"  {problem}")
    raise InvalidInput(f"{question.option}: no answer that fits; nothing was written")


def wrong(question: Question, answer: str) -> str | None:
    """Return what is wrong with an answer, None if it fits."""
    section, _, name = question.setting.partition(".")
    document = {section: {name: answer}}
    if next(mistakes.credentials(document), None):
        return "this looks like a credential; none belongs in the settings"
    try:
        settings = LabSettings.model_validate(document, context={"folder": Path.cwd()})
    except ValidationError as error:
        return mistakes.described(error.errors(include_url=False)[0])[1]
    folder = settings.folder.path
    if folder is not None and not folder.is_dir():
        return f"{folder} {'is not a folder' if folder.exists() else 'does not exist'}"
    return None


def document(answers: Mapping[str, str | None]) -> dict[str, dict[str, Any]]:
    """Return answers, by setting, as a settings file has them."""
    told: dict[str, dict[str, Any]] = {}
    for setting, answer in answers.items():
        section, _, name = setting.partition(".")
        if answer is not None:
            told.setdefault(section, {})[name] = answer
    return told


def suggested_source(host: str | None = None) -> str:
    """Return a name for the scanner made of this computer's name; empty if that has no letter."""
    host = (socket.gethostname() if host is None else host).partition(".")[0]
    return re.sub(r"[^a-z0-9]+", "-", host.lower()).strip("-")[:LONGEST_SOURCE].rstrip("-")


def _unquoted(typed: str) -> str:
    """Drop the quotes that Windows puts around a path that was copied."""
    typed = typed.strip()
    if len(typed) > 1 and typed[0] == typed[-1] and typed[0] in "\"'":
        return typed[1:-1].strip()
    return typed
