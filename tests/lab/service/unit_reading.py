"""Reads a unit as systemd does, by its own pages: systemd.syntax, systemd.service, systemd.unit."""

import itertools
import re

Unit = dict[str, list[str]]


def read_unit(text: str) -> Unit:
    """The values of each key; those of all sections together, as no key is in two of them."""
    assert not re.search(r"\\\n", text), (
        "a backslash at the end of a line would join it to the next"
    )
    found: Unit = {}
    for line in text.split("\n"):
        if line and line[0] not in "#;[":
            name, equals, value = line.partition("=")
            assert equals, line
            found.setdefault(name, []).append(value.strip(" \t"))
    return found


def words_of(value: str) -> list[str]:
    """Take the quotes and the escapes away; no specifiers, no variables yet."""
    words: list[str] = []
    word: str | None = None
    quote = ""
    characters = iter(value)
    for c in characters:
        if c == "\\":
            escaped = next(characters)
            assert escaped in "\\\"' ", f"\\{escaped} is another character"
            word = (word or "") + escaped
        elif quote:
            if c == quote:
                quote = ""
            else:
                word = (word or "") + c
        elif c in "\"'" and word is None:
            quote, word = c, ""
        elif c in " \t":
            if word is not None:
                words.append(word)
            word = None
        else:
            word = (word or "") + c
    assert not quote, "an open quote"
    return words if word is None else [*words, word]


def specified(text: str) -> str:
    """Expand the specifiers: only %% may be in there."""
    assert re.fullmatch(r"(?:[^%]|%%)*", text, re.DOTALL), text
    return text.replace("%%", "%")


def command_of(unit: Unit) -> list[str]:
    """The command as it is run, without any variable being expanded."""
    [line] = unit["ExecStart"]
    program, *arguments = (specified(word) for word in words_of(line))
    assert program[0] not in "@-:+!"
    for argument in arguments:
        for dollar, after in itertools.pairwise(argument.replace("$$", "") + " "):
            assert dollar != "$", f"${after} is a variable"
    return [program, *(argument.replace("$$", "$") for argument in arguments)]
