"""What is wrong in a settings file, told so that whoever wrote it finds the place and the cure."""

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from labsight_lab.settings.kinds import Unfit, Wrong
from labsight_lab.settings.model import LabSettings

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_LONGEST_SHOWN = 60
_HEADER = re.compile(r"\s*\[\s*([\w-]+)\s*\]")
_SETTING = re.compile(r"\s*[\"']?([\w-]+)[\"']?\s*[=.]")
_SECRET_NAME = re.compile(r"(?i)secret|passw|token|credential|(?:access|private|api)_?key")
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
_SECRET_VALUE = re.compile(r"(?<![A-Z0-9])A(?:KIA|SIA)[A-Z0-9]{16}(?![A-Z0-9])|://[^/\s]*@")
_ELSEWHERE = (
    "this looks like a credential; none belongs in this file. Give it to AWS's own tools (`aws "
    "configure --profile NAME`, `aws sso login`), name the profile in archive.profile, and take "
    "the credential out of here"
)


def credentials(document: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    """Yield each setting that looks like a credential, with what to do; its value is not told."""
    for name, value in document.items():
        inside = value if isinstance(value, list) else [value]
        sections = [one for one in inside if isinstance(one, dict)]
        for section in sections:
            yield from credentials(section, f"{before}{name}.")
        if not sections and (_SECRET_NAME.search(name) or _SECRET_VALUE.search(str(value))):
            yield f"{before}{name}", _ELSEWHERE


def described(error: "ErrorDetails") -> tuple[str, str]:
    """Return the setting that pydantic refused, and what is wrong with it."""
    place = [str(part) for part in error["loc"]]
    cause = error.get("ctx", {}).get("error")
    if error["type"] == "extra_forbidden":
        return ".".join(place), _unknown(place)
    if isinstance(cause, Wrong):
        return ".".join(place), str(cause)
    expected = str(cause) if isinstance(cause, Unfit) else "a section, [" + place[0] + "]"
    return ".".join(place), f"found {_shown(error['input'])}, expected {expected}"


def line_of(text: str, setting: str) -> int | None:
    """Return the line, from 1, on which a setting or a section begins; None if it is not seen."""
    section, _, name = setting.rpartition(".")
    here = ""
    for number, line in enumerate(text.split("\n"), 1):
        if header := _HEADER.match(line):
            here = header[1]
            if here == setting:
                return number
        elif (found := _SETTING.match(line)) and (here, found[1]) == (section, name):
            return number
    return None


def _unknown(place: list[str]) -> str:
    """Say that there is no such setting, with the nearest one that exists."""
    sections = LabSettings.model_fields
    *section, name = place
    if not section:
        homes = [s for s in sections if name in _names(s)]
        if homes:
            return f"this setting belongs below [{homes[0]}]"
        return f"there is no such section; {_nearest(name, list(sections))}"
    elsewhere = [s for s in sections if name in _names(s)]
    if elsewhere:
        return f"there is no such setting here; it belongs below [{elsewhere[0]}]"
    return f"there is no such setting; {_nearest(name, _names(section[0]))}"


def _names(section: str) -> list[str]:
    kind = LabSettings.model_fields[section].annotation
    return list(getattr(kind, "model_fields", ()))


def _nearest(name: str, known: list[str]) -> str:
    near = get_close_matches(name, known, n=1)
    return f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict | list):
        return "a section" if isinstance(value, dict) else "a list"
    text = repr(value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."
