"""Channels, focal planes and times of a slide."""

from dataclasses import dataclass

WHITE = "FFFFFF"


@dataclass(frozen=True)
class Channel:
    """One fluorophore or wavelength.

    ``colour`` is RRGGBB in hex. ``window`` are the sample values shown as black and as the full
    colour; equal ones mean that the file does not tell, and import finds them from the pixels.
    """

    name: str
    colour: str
    window: tuple[float, float] = (0, 0)

    @property
    def has_window(self) -> bool:
        """Whether black and white are known."""
        return self.window[0] < self.window[1]


@dataclass(frozen=True)
class Axes:
    """What there is beside width and height.

    Without ``channels`` the samples are the colours themselves (brightfield). ``z`` and ``t`` count
    focal planes and times; ``z_step`` is in µm, ``t_step`` in seconds.
    """

    channels: tuple[Channel, ...] = ()
    z: int = 1
    t: int = 1
    z_step: float | None = None
    t_step: float | None = None

    @property
    def planes(self) -> int:
        """How many planes a level has."""
        return max(1, len(self.channels)) * self.z * self.t

    @property
    def middle_z(self) -> int:
        """The focal plane that is shown without being asked for."""
        return (self.z - 1) // 2

    def plane(self, channel: int = 0, z: int = 0, t: int = 0) -> int:
        """Return the number of a plane: channels change fastest, times slowest."""
        return (t * self.z + z) * max(1, len(self.channels)) + channel


NO_AXES = Axes()
