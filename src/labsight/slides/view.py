"""Which planes of a slide are shown, and how samples become colours."""

import re
from dataclasses import dataclass
from math import isfinite

from labsight.errors import InvalidInput
from labsight.slides.axes import Axes

FULL_WINDOW = (0, 255)  # of 8-bit samples
MAX_SHOWN = 16  # channels in one picture
_CHANNEL = re.compile(r"(\d{1,4})(?::([0-9A-Fa-f]{6}))?(?::(-?[0-9.]{1,12})-(-?[0-9.]{1,12}))?")
_HOW = "write channels as 0:FF0000:100-4000,1:00FF00 (number, colour, black-white)"


@dataclass(frozen=True)
class Shown:
    """One channel as it is shown: its number, its colour RRGGBB, samples for black and full."""

    channel: int
    colour: str
    window: tuple[float, float]


@dataclass(frozen=True)
class View:
    """A choice of channels at one z and one t; no channels where samples are colours."""

    channels: tuple[Shown, ...] = ()
    z: int = 0
    t: int = 0

    @property
    def key(self) -> str:
        """A short text that is the same for the same picture."""
        shown = ",".join(
            f"{one.channel}:{one.colour}:{one.window[0]:.12g}-{one.window[1]:.12g}"
            for one in self.channels
        )
        return f"{shown};{self.z};{self.t}"


def default_view(axes: Axes) -> View:
    """Return what a viewer sees first: all channels (sixteen at most), the middle z, the start."""
    shown = tuple(
        Shown(number, one.colour, one.window)
        for number, one in enumerate(axes.channels[:MAX_SHOWN])
    )
    return View(shown, axes.middle_z, 0)


def parse_view(axes: Axes, channels: str | None, z: str | None, t: str | None) -> View:
    """Read what was asked for; raise InvalidInput naming what there is."""
    usual = default_view(axes)
    return View(
        usual.channels if channels is None else _channels(axes, channels),
        usual.z if z is None else _index("z", z, axes.z),
        usual.t if t is None else _index("t", t, axes.t),
    )


def _channels(axes: Axes, text: str) -> tuple[Shown, ...]:
    if not axes.channels:
        raise InvalidInput("channels: this slide has colours, not channels; leave them out")
    parts = text.split(",")
    if len(parts) > MAX_SHOWN:
        raise InvalidInput(f"channels: at most {MAX_SHOWN} are shown at once")
    found = tuple(_shown(axes, part) for part in parts)
    if len({one.channel for one in found}) < len(found):
        raise InvalidInput("channels: each can be shown once; leave out the second of a number")
    return found


def _shown(axes: Axes, text: str) -> Shown:
    match = _CHANNEL.fullmatch(text)
    if match is None:
        raise InvalidInput(f"channels={text[:40]}: {_HOW}")
    number = int(match[1])
    if number >= len(axes.channels):
        raise InvalidInput(
            f"channel {number}: this slide has channels 0 to {len(axes.channels) - 1}"
        )
    own = axes.channels[number]
    window = own.window if match[3] is None else (_number(match[3]), _number(match[4]))
    if match[3] is not None and window[0] >= window[1]:
        raise InvalidInput(f"channels={text[:40]}: black must lie below white; {_HOW}")
    return Shown(number, (match[2] or own.colour).upper(), window)


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not isfinite(value):
        raise InvalidInput(f"channels: {text[:20]} is no number; {_HOW}")
    return value


def _index(name: str, text: str, count: int) -> int:
    value = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else count
    if value >= count:
        raise InvalidInput(f"{name}={text[:20]}: this slide has {name} 0 to {count - 1}")
    return value
