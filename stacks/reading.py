"""Turns the text of one setting into its value, or refuses it with what is allowed instead."""

import ipaddress
import json
import re
from collections.abc import Callable
from typing import Any

from stacks.settings import Secret

Reader = Callable[[str], Any]


class Refused(ValueError):
    """What is allowed instead of the value at hand."""


def choice(*allowed: str) -> Reader:
    """Take one of a few words."""

    def read(text: str) -> str:
        if text not in allowed:
            raise Refused(f"use {' or '.join(allowed)}")
        return text

    return read


def truth(text: str) -> bool:
    """Take true or false, as YAML and Pulumi write them."""
    return bool(choice("true", "false")(text) == "true")


def number(allowed: range, unit: str) -> Reader:
    """Take a whole number in a range."""

    def read(text: str) -> int:
        if not (text.isascii() and text.isdigit() and int(text) in allowed):
            raise Refused(f"use {allowed.start} to {allowed.stop - 1} {unit}")
        return int(text)

    return read


def one_of(allowed: tuple[int, ...], meaning: str) -> Reader:
    """Take one of some numbers."""

    def read(text: str) -> int:
        if text not in map(str, allowed):
            raise Refused(f"{meaning} {', '.join(map(str, allowed))}")
        return int(text)

    return read


def days_or_never(allowed: range, why: str) -> Reader:
    """Take a number of days, or 0 for never, which is read as None."""

    def read(text: str) -> int | None:
        if text == "0":
            return None
        if not (text.isascii() and text.isdigit() and int(text) in allowed):
            raise Refused(f"use 0 (never) or {allowed.start} to {allowed.stop - 1} days ({why})")
        return int(text)

    return read


def matching(pattern: str, example: str) -> Reader:
    """Take a text of a certain form."""
    form = re.compile(pattern)

    def read(text: str) -> str:
        if not form.fullmatch(text):
            raise Refused(f"it has to look like {example}")
        return text

    return read


def clock(text: str) -> str:
    """Take a time of day; YAML reads one without quotes as a number of minutes."""
    if not re.fullmatch(r"([01][0-9]|2[0-3]):[0-5][0-9]", text, re.ASCII):
        quotes = '; in the stack\'s file put it in quotes, "20:00"' if text.isdigit() else ""
        raise Refused(f"it has to look like 20:00{quotes}")
    return text


def or_never(reader: Reader) -> Reader:
    """Take what ``reader`` takes, or the word never, which is read as None."""

    def read(text: str) -> Any:
        return None if text == "never" else reader(text)

    return read


def words(*allowed: str) -> Reader:
    """Take a list of words out of some; each once."""

    def read(text: str) -> frozenset[str]:
        given = _list(text)
        unknown = [word for word in given if word not in allowed]
        if unknown:
            raise Refused(f"{unknown[0]!r} is none of {', '.join(allowed)}")
        return frozenset(given)

    return read


def names(text: str) -> tuple[str, ...]:
    """Take a list of names; each once."""
    given = _list(text)
    twice = [name for name in given if given.count(name) > 1]
    if twice:
        raise Refused(f"{twice[0]!r} is there twice")
    return tuple(given)


def names_like(pattern: str, example: str) -> Reader:
    """Take a list of names of a certain form; each once."""
    form = re.compile(pattern)

    def read(text: str) -> tuple[str, ...]:
        found = names(text)
        for name in found:
            if not form.fullmatch(name):
                raise Refused(f"{name!r} is none; a name has to look like {example}")
        return found

    return read


def _list(text: str) -> list[str]:
    """Read a JSON list, which is how Pulumi hands lists over, or words between commas."""
    if not text.startswith("["):
        return [word.strip() for word in text.split(",") if word.strip()]
    try:
        read = json.loads(text)
    except ValueError:
        read = None
    if not isinstance(read, list) or not all(isinstance(word, str) for word in read):
        raise Refused('write a list of words, such as ["slides"]')
    return read


def block(text: str) -> str:
    """Take an IPv4 network in CIDR form."""
    try:
        network = ipaddress.IPv4Network(text)
    except ValueError as error:
        raise Refused(f"{error}; write a network such as 10.20.0.0/16") from None
    return str(network)


def blocks(text: str) -> tuple[str, ...]:
    """Take a list of IPv4 networks in CIDR form."""
    return tuple(block(one) for one in names(text))


def secret(text: str) -> Secret:
    """Take a text that nobody is to see."""
    return Secret(text)
