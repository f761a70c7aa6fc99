"""`labsight.toml`, read and checked; what is wrong in it is told with file, line and setting."""

import re
import tomllib
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from labsight.errors import SettingsError
from labsight_lab.settings import mistakes
from labsight_lab.settings.finding import find, usual_place
from labsight_lab.settings.model import LabSettings

_LARGEST = 1 << 20  # bytes
_PLACE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")
_TWICE = re.compile(r"Cannot declare \('([^']*)',\) twice")
_WINDOWS_PATH = re.compile(r"\"[^\"]*\\")
_BARE = re.compile(r"\s*([\w.-]+)\s*=\s*[^\s\"'\[{#].*")  # a value that begins with no quote
_OF_BARE = ("Invalid value", "Expected newline")


def load(given: Path | None) -> LabSettings:
    """Find and read the settings; raise SettingsError when there are none or they are wrong."""
    file = find(given)
    if file is None:
        raise SettingsError(f"there is no {usual_place()}; `labsight init` writes one")
    return read(file)


def read(file: Path) -> LabSettings:
    """Read a settings file; raise SettingsError that names all that is wrong in it."""
    text = _text(file)
    document = _document(file, text)
    found = list(mistakes.credentials(document))
    if not found:
        try:
            return LabSettings.model_validate(
                document, context={"folder": Path(file).absolute().parent}
            )
        except ValidationError as error:
            found = [mistakes.described(one) for one in error.errors(include_url=False)]
    told = [_told(file, mistakes.line_of(text, setting), setting, what) for setting, what in found]
    raise SettingsError("\n".join(told))


def where(file: Path, setting: str) -> str:
    """Return how a message names the place of a setting, before a colon."""
    line = mistakes.line_of(_text(file), setting)
    return f"{_line(file, line)}: {setting}"


def _text(file: Path) -> str:
    try:
        with file.open("rb") as stream:
            data = stream.read(_LARGEST + 1)
    except OSError as error:
        raise SettingsError(f"{file} cannot be read: {error.strerror or error}") from error
    if len(data) > _LARGEST:
        raise SettingsError(f"{file} is larger than 1 MiB; that is no settings file of labsight")
    try:
        return data.decode("utf-8-sig")  # Windows' own editor may write the mark
    except UnicodeDecodeError as error:
        raise SettingsError(f"{file} is not UTF-8 text; save it as UTF-8") from error


def _document(file: Path, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        said = str(error)
        at = _PLACE.search(said)
        lines = text.split("\n")
        number = int(at[1]) if at and at[1] else len(text.rstrip().split("\n"))
        what = _TWICE.sub(r"[\1] is there twice", _PLACE.sub("", said))
        bare = _BARE.fullmatch(lines[number - 1]) if what.startswith(_OF_BARE) else None
        if bare:  # the value is not repeated: it may be a credential
            name, text = bare[1], lines[number - 1]
            what += (
                f"; put the text in single quotes: {name} = '...'"
                if "\\" in text
                else f'; put the text in quotes: {name} = "..."'
            )
        elif _WINDOWS_PATH.search(lines[number - 1]):
            what += "; write a text with backslashes in single quotes: 'D:\\slides'"
        raise SettingsError(_told(file, number, "", f"not TOML: {what}")) from error


def _told(file: Path, line: int | None, setting: str, what: str) -> str:
    place = _line(file, line)
    return f"{place}: {what}" if what.startswith(setting) else f"{place}: {setting}: {what}"


def _line(file: Path, line: int | None) -> str:
    return f"{file}, line {line}" if line else str(file)
