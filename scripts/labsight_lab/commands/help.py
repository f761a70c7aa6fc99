"""What `--help` shows: options and commands in sections, examples as they were written."""

import inspect
import re
from collections import UserDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib import import_module
from typing import Any, TypeVar

import click

OPTIONS = "Options"
# For the context of the outermost group; those below take it from there.
SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}

Declared = TypeVar("Declared", bound=Callable[..., Any] | click.Command)
Rows = list[tuple[str, str]]


class Option(click.Option):
    """An option that has its place in a section of the help."""

    def __init__(self, names: Sequence[str], *, section: str = OPTIONS, **attributes: Any) -> None:
        super().__init__(names, **attributes)
        self.section = section


def option(
    *names: str, section: str = OPTIONS, **attributes: Any
) -> Callable[[Declared], Declared]:
    """Declare an option of a command, as `click.option` does, in a section of its help."""
    return click.option(*names, cls=Option, section=section, **attributes)


class Command(click.Command):
    """A command whose help has sections, and keeps the lines of indented paragraphs."""

    def __init__(self, name: str | None, **attributes: Any) -> None:
        super().__init__(name, **attributes)
        if self.help:  # \b alone on a line is click's mark of a paragraph to be left as it is
            self.help = re.sub(r"\n\n(?= )", "\n\n\b\n", inspect.cleandoc(self.help))

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the whole page; the second column begins at one place in all sections."""
        self.format_usage(ctx, formatter)
        self.format_help_text(ctx, formatter)
        sections = {title: rows for title, rows in self.sections(ctx).items() if rows}
        width = max(len(name) for rows in sections.values() for name, _ in rows)
        for title, rows in sections.items():
            with formatter.section(click.style(title, bold=True)):
                formatter.write_dl(
                    [(click.style(f"{name:{width}}", fg="cyan"), text) for name, text in rows],
                    col_max=width,
                )
        self.format_epilog(ctx, formatter)

    def sections(self, ctx: click.Context) -> dict[str, Rows]:
        """Return the names and explanations below each heading."""
        sections: dict[str, Rows] = {"Arguments": [], OPTIONS: []}
        for parameter in self.get_params(ctx):
            if row := parameter.get_help_record(ctx):
                sections.setdefault(_heading(parameter), []).append(row)
        return sections


def _heading(parameter: click.Parameter) -> str:
    if isinstance(parameter, click.Argument):
        return "Arguments"
    return parameter.section if isinstance(parameter, Option) else OPTIONS


class Group(Command, click.Group):
    """A group of such commands, in the order in which they were declared.

    ``later`` are commands that are imported when they are run or listed: by the titles of their
    sections and their names, "module:name".
    """

    command_class = Command

    def __init__(
        self,
        name: str | None,
        *,
        later: Mapping[str, Mapping[str, str]] | None = None,
        **attributes: Any,
    ) -> None:
        super().__init__(name, **attributes)
        self._titles: Mapping[str, Iterable[str]] = later or {"Commands": self.commands}
        if later:
            self.commands = _Later({n: at for part in later.values() for n, at in part.items()})

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names of all commands."""
        return list(self.commands)

    def sections(self, ctx: click.Context) -> dict[str, Rows]:
        """Return those of the group's own options, and one or more of its commands."""
        of_commands = {
            title: [
                (name, _first_paragraph(command))
                for name in names
                if not (command := self.commands[name]).hidden
            ]
            for title, names in self._titles.items()
        }
        return super().sections(ctx) | of_commands


class _Later(UserDict[str, Any]):
    """Commands by name, imported when they are asked for."""

    def __getitem__(self, name: str) -> Any:
        module, _, command = super().__getitem__(name).partition(":")
        return getattr(import_module(module), command)


def _first_paragraph(command: click.Command) -> str:
    return (command.help or "").partition("\n\n")[0]
