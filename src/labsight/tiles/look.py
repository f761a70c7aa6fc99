"""How a picture is asked to look: channels, focal plane, time, colours."""

import hashlib
from collections.abc import Mapping
from typing import NamedTuple

from labsight.errors import InvalidInput
from labsight.slides.index import Level, SlideIndex
from labsight.slides.view import View, parse_view

_ASKED = frozenset({"channels", "z", "t", "icc"})


class Look(NamedTuple):
    """A view, and whether the scanner's colours are turned into sRGB; ``tag`` is "" by default."""

    view: View
    srgb: bool = False
    tag: str = ""

    def stored_plane(self, index: SlideIndex, level: Level) -> int | None:
        """Return the plane whose chunks look like this as they are stored, if there is one."""
        return None if self.srgb else index.stored_plane(level, self.view)


def look_of(index: SlideIndex, query: Mapping[str, str]) -> Look:
    """Read ``channels``, ``z``, ``t`` and ``icc``; raise InvalidInput."""
    usual = index.usual_view
    if _ASKED.isdisjoint(query):
        return Look(usual)
    srgb = _srgb(index, query.get("icc"))
    view = parse_view(index.axes, query.get("channels"), query.get("z"), query.get("t"))
    if view == usual and not srgb:
        return Look(usual)
    text = f"{view.key}{';srgb' if srgb else ''}"
    return Look(view, srgb, "-" + hashlib.sha256(text.encode()).hexdigest()[:12])


def _srgb(index: SlideIndex, asked: str | None) -> bool:
    """Whether to convert: a slide without a profile is taken to be sRGB as it is."""
    if asked not in {None, "", "srgb"}:
        raise InvalidInput(f"icc={asked[:20] if asked else ''}: only icc=srgb is possible")
    return asked == "srgb" and index.icc is not None
