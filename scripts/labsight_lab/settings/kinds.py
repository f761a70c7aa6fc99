"""The kinds of values that `labsight.toml` holds: what each accepts, and how it is written.

Each refuses with ``Unfit``, whose text is what was expected, or with ``Wrong``, whose text says it
all; who reads the file adds what was found, and where.
"""

import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import BeforeValidator, PlainSerializer, ValidationInfo

from labsight.errors import InvalidInput, LabsightError
from labsight_lab.settings import amounts
from labsight_lab.sync.look.names import check_patterns
from labsight_lab.sync.target import check_bucket, check_source

MIB = 1 << 20
_NO_PART_OF_A_PATH = {"Cc", "Cs"}  # control characters and halves of characters


class Unfit(ValueError):
    """A value is not what a setting takes; the text is what it takes."""


class Wrong(ValueError):
    """A value is refused by a rule of the domain; the text is the whole message."""


def text(value: Any) -> str:
    """Accept a text that is not empty."""
    if not isinstance(value, str) or not value.strip():
        raise Unfit("a text in quotes")
    return value


def flag(value: Any) -> bool:
    """Accept true or false."""
    if not isinstance(value, bool):
        raise Unfit("true or false, without quotes")
    return value


def texts(value: Any) -> tuple[str, ...]:
    """Accept a list of texts."""
    if not isinstance(value, list | tuple):
        raise Unfit('a list of texts such as ["*.svs", "2026/*"]')
    return tuple(map(text, value))


def _whole(least: int, most: int) -> Callable[[Any], int]:
    def whole(value: Any) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise Unfit(f"a whole number from {least} to {most}")
        return value

    return whole


def _time(least: float) -> Callable[[Any], float]:
    """Accept a text with a unit, or a number of seconds."""

    def time(value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise Unfit(amounts.time_from(least))
        try:
            return amounts.seconds(value if isinstance(value, str) else f"{value:.3f}", least)
        except (InvalidInput, OverflowError) as error:
            raise Unfit(amounts.time_from(least)) from error

    return time


def _size(least: int, most: int) -> Callable[[Any], int]:
    """Accept a text with a unit, or a number of bytes."""
    low, high = amounts.written_bytes(least), amounts.written_bytes(most)
    span = f"{amounts.SIZE}, from {low} to {high}"

    def size(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise Unfit(span)
        try:
            found = amounts.count_bytes(value) if isinstance(value, str) else value
        except InvalidInput as error:
            raise Unfit(span) from error
        if not least <= found <= most:
            raise Unfit(span)
        return found

    return size


def _place(value: Any, info: ValidationInfo) -> Path:
    """Accept a path; ``~`` is the user's home, a relative one starts from the file's folder."""
    if isinstance(value, Path):
        return value
    written = text(value)
    if any(unicodedata.category(c) in _NO_PART_OF_A_PATH for c in written):
        raise Unfit(
            "a path; one of Windows goes in single quotes ('D:\\new'), since in double quotes \\n "
            "and \\t are a line break and a tab"
        )
    try:
        path = Path(written).expanduser()
    except RuntimeError as error:
        raise Unfit("a path; nobody here has the home that this ~ means") from error
    return Path((info.context or {}).get("folder", "")) / path


def _address(value: Any) -> str:
    """Accept a web address; one with a password in it is refused."""
    address: str = text(value)
    parts = urlsplit(address)
    if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc:
        raise Unfit("an address such as https://host:9000, without user and password")
    return address


def _checked(check: Callable[[str], str]) -> Callable[[Any], str]:
    """Accept what a check of the domain lets pass."""

    def accept(value: Any) -> str:
        try:
            return check(text(value))
        except LabsightError as error:
            raise Wrong(error.message) from error

    return accept


def _patterns(value: Any) -> tuple[str, ...]:
    """Accept a list of patterns for names."""
    given = texts(value)
    try:
        return check_patterns(given)
    except LabsightError as error:
        raise Wrong(error.message) from error


def _id_pattern(value: str) -> str:
    from labsight_lab.sync.look import id_pattern  # noqa: PLC0415 - only when there is one

    id_pattern.compiled(value)
    return value


def _timetable(value: str) -> str:
    from labsight_lab.sync.sending import timetable  # noqa: PLC0415 - only when there is one

    timetable.parse(value)
    return value


def _kept(path: Path) -> str:
    return str(path)


Text = Annotated[str, BeforeValidator(text)]
Flag = Annotated[bool, BeforeValidator(flag)]
Patterns = Annotated[tuple[str, ...], BeforeValidator(_patterns)]
Place = Annotated[Path, BeforeValidator(_place), PlainSerializer(_kept)]
Address = Annotated[str, BeforeValidator(_address)]
IdPattern = Annotated[str, BeforeValidator(_checked(_id_pattern))]
BucketName = Annotated[str, BeforeValidator(_checked(check_bucket))]
SourceName = Annotated[str, BeforeValidator(_checked(check_source))]
Timetable = Annotated[str, BeforeValidator(_checked(_timetable))]
Connections = Annotated[int, BeforeValidator(_whole(1, 256))]
Memory = Annotated[
    int, BeforeValidator(_size(32 * MIB, 4096 * MIB)), PlainSerializer(amounts.written_bytes)
]
Quiet = Annotated[float, BeforeValidator(_time(0)), PlainSerializer(amounts.written_seconds)]
Patience = Annotated[float, BeforeValidator(_time(1)), PlainSerializer(amounts.written_seconds)]
Pause = Annotated[float, BeforeValidator(_time(0.1)), PlainSerializer(amounts.written_seconds)]
