"""Which declared route a request takes, by the rules of API Gateway's HTTP APIs."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar
from urllib.parse import unquote

Target = TypeVar("Target")

DEFAULT = "$default"
_PARAMETER = re.compile(r"\{([^{}+]+)(\+?)\}")


@dataclass(frozen=True)
class Route(Generic[Target]):
    """A route key, such as ``GET /slides/{id}``, and where it leads."""

    key: str
    target: Target

    @property
    def method(self) -> str:
        """The method, or ANY."""
        return "ANY" if self.key == DEFAULT else self.key.partition(" ")[0]

    @property
    def segments(self) -> tuple[str, ...]:
        """The path's parts; the default route takes any path."""
        if self.key == DEFAULT:
            return ()
        return tuple(self.key.partition(" ")[2].split("/")[1:])

    @property
    def prefix(self) -> str:
        """The literal first part of the path, or nothing."""
        first = self.segments[0] if self.segments else ""
        return "" if _PARAMETER.fullmatch(first) else first


@dataclass(frozen=True)
class Match(Generic[Target]):
    """A route that takes a request, and the values of its path parameters."""

    route: Route[Target]
    parameters: Mapping[str, str]


def find(routes: Iterable[Route[Target]], method: str, path: str) -> Match[Target] | None:
    """Return the most specific route for a request.

    Part by part a literal goes before ``{x}`` and that before ``{x+}``; then a method before ANY;
    the default route comes last.
    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html
    """
    best: tuple[tuple[object, ...], Match[Target]] | None = None
    for route in routes:
        if route.method not in {method, "ANY"}:
            continue
        parameters = _parameters(route, path)
        if parameters is None:
            continue
        rank = _rank(route)
        if best is None or rank < best[0]:
            best = rank, Match(route, parameters)
    return best[1] if best else None


def _rank(route: Route[Target]) -> tuple[object, ...]:
    kinds = []
    for segment in route.segments:
        parameter = _PARAMETER.fullmatch(segment)
        kinds.append(0 if parameter is None else 1 + len(parameter[2]))
    return (route.key == DEFAULT, tuple(kinds), route.method == "ANY")


def _parameters(route: Route[Target], path: str) -> dict[str, str] | None:
    """Return the path parameters when the route takes the path, else None."""
    if route.key == DEFAULT:
        return {}
    given = path.split("/")[1:]
    found: dict[str, str] = {}
    for place, segment in enumerate(route.segments):
        parameter = _PARAMETER.fullmatch(segment)
        if parameter is not None and parameter[2]:
            rest = "/".join(given[place:])
            return {**found, parameter[1]: unquote(rest)} if rest else None
        if place >= len(given):
            return None
        if parameter is not None and given[place]:
            found[parameter[1]] = unquote(given[place])
        elif segment != unquote(given[place]):
            return None
    return found if len(given) == len(route.segments) else None
