"""What a rule is, and how rules read the properties of resources.

Rules are named by their FSBP control and checkov check:
https://docs.aws.amazon.com/securityhub/latest/userguide/fsbp-standard.html
https://www.checkov.io/5.Policy%20Index/terraform.html
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Properties = Mapping[str, Any]


@dataclass(frozen=True)
class Rule:
    """A demand on one type of resource; ``holds`` sees its properties as Pulumi names them."""

    id: str
    type: str
    demand: str
    holds: Callable[[Properties], bool]


@dataclass(frozen=True)
class Companion:
    """A demand that for each resource of ``type`` there is one of type ``needs`` that refers to it.

    The two belong together when the companion's ``link`` equals the resource's ``key``.
    """

    id: str
    type: str
    needs: str
    key: str
    link: str


def statements(properties: Properties, key: str = "policy") -> Iterator[dict[str, Any]]:
    """Read the statements of a policy document."""
    yield from json.loads(properties[key])["Statement"]


def texts(value: str | list[str]) -> list[str]:
    """Return a policy's text or list of texts as a list."""
    return [value] if isinstance(value, str) else value


def is_true(key: str) -> Callable[[Properties], bool]:
    """Hold when the property is true."""
    return lambda properties: properties.get(key) is True


def is_not_true(key: str) -> Callable[[Properties], bool]:
    """Hold when the property is false or not set."""
    return lambda properties: properties.get(key) is not True


def is_set(key: str) -> Callable[[Properties], bool]:
    """Hold when the property has a value."""
    return lambda properties: bool(properties.get(key))


def equals(key: str, *allowed: Any) -> Callable[[Properties], bool]:
    """Hold when the property has one of some values."""
    return lambda properties: properties.get(key) in allowed


def at_least(key: str, least: float) -> Callable[[Properties], bool]:
    """Hold when the property is a number that is large enough."""
    return lambda properties: (properties.get(key) or 0) >= least


def each(key: str, holds: Callable[[Properties], bool]) -> Callable[[Properties], bool]:
    """Hold when every element of a list property does; a single one may stand alone."""

    def check(properties: Properties) -> bool:
        value = properties.get(key) or []
        return all(map(holds, value if isinstance(value, list) else [value]))

    return check


def inside(key: str, holds: Callable[[Properties], bool]) -> Callable[[Properties], bool]:
    """Hold when the property is there and what is in it does."""
    return lambda properties: bool(properties.get(key)) and holds(properties[key])
