"""`labsight.toml`, written: the template that teaches every setting, with values put in."""

import os
import re
import unicodedata
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import mkstemp
from typing import Any

from labsight.errors import Conflict, InvalidInput, SettingsError
from labsight_lab.settings.model import LabSettings

_TEMPLATE = Path(__file__).with_name("template.toml")
_HEADER = re.compile(r"\[(\w+)\]")
_SETTING = re.compile(r"#(\w+) = ")
_SHORT = {"\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r", '"': '\\"', "\\": "\\\\"}


def written(settings: LabSettings) -> str:
    """Return the file's text: what was set is set in it, the rest is there as a remark."""
    return "\n".join(_lines(settings.model_dump(exclude_unset=True)))


def gist(settings: LabSettings) -> str:
    """Return what was set, without the remarks."""
    sections = settings.model_dump(exclude_unset=True).items()
    told = {name: {n: v for n, v in values.items() if v is not None} for name, values in sections}
    return "\n\n".join(
        "\n".join([f"[{section}]", *(f"{name} = {toml(value)}" for name, value in values.items())])
        for section, values in told.items()
        if values
    )


def save(settings: LabSettings, file: Path, *, replace: bool) -> None:
    """Write the file at once or not at all, readable for its owner only.

    Raise Conflict where there is a file already that is not to be replaced, SettingsError where
    none can be written.
    """
    try:
        data = written(settings).encode()
    except UnicodeEncodeError as error:
        raise InvalidInput(
            "a name that is not valid Unicode cannot stand in a TOML file"
        ) from error
    if file.exists() and not replace:
        raise Conflict(f"{file} is there already; --force replaces it")
    draft = None
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, draft = mkstemp(dir=file.parent, prefix=f".{file.name}-")  # mode 0600
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(draft, file)  # noqa: PTH105 - draft is no Path
    except OSError as error:
        raise SettingsError(f"{file} cannot be written: {error.strerror or error}") from error
    finally:
        if draft is not None:
            with suppress(FileNotFoundError):
                os.unlink(draft)  # noqa: PTH108


def _lines(values: dict[str, dict[str, Any]]) -> Iterator[str]:
    section: dict[str, Any] = {}
    for line in _TEMPLATE.read_text(encoding="utf-8").split("\n"):
        if header := _HEADER.fullmatch(line):
            section = values.get(header[1], {})
        setting = _SETTING.match(line)
        value = section.get(setting[1]) if setting else None
        yield line if setting is None or value is None else f"{setting[1]} = {toml(value)}"


def toml(value: Any) -> str:
    """Write a text, a number, true, false, or a list of texts as TOML does."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(toml, value))}]"
    if not isinstance(value, str):
        return str(value)
    if "\\" in value and "'" not in value and value.isprintable():
        return f"'{value}'"
    return '"' + "".join(map(_escaped, value)) + '"'


def _escaped(character: str) -> str:
    if character in _SHORT:
        return _SHORT[character]
    if character.isprintable() or unicodedata.category(character) == "Cs":
        return character  # no text can hold half a character: encoding refuses it
    return f"\\U{ord(character):08x}"
