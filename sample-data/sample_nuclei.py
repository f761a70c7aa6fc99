"""Cell nuclei and red blood cells: stamps of varied shape, and where to set them."""

import functools
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sample_noise import STEP, Field, Table, at, to_bytes

DENSITY = 100  # a layer's 0..255 means 0..2.55 optical density

_ANGLES = 24
_VARIANTS = 14


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of cell: half axes in pixels (0.5 micrometres), and how it takes the stain."""

    long: tuple[float, float]
    short: tuple[float, float]
    dark: tuple[float, float]
    clumps: float = 0.32  # how uneven the chromatin is
    rim: float = 0.2  # how much darker the envelope is
    nucleolus: float = 0.0  # how often one is seen
    wobble: float = 0.08


EPITHELIAL = Kind(long=(7.5, 11), short=(6, 8), dark=(0.5, 0.95), nucleolus=0.4)
TUMOUR = Kind(long=(9.5, 14), short=(8, 11), dark=(0.4, 0.9), rim=0.35, nucleolus=0.8, wobble=0.13)
LYMPHOCYTE = Kind(long=(5.6, 7), short=(5.2, 6.4), dark=(0.85, 1.35), clumps=0.45, wobble=0.04)
CENTROBLAST = Kind(long=(8.5, 10.5), short=(7.5, 9.5), dark=(0.35, 0.65), rim=0.5, nucleolus=0.7)
SPINDLE = Kind(long=(8, 19), short=(2.2, 4.2), dark=(0.6, 1.25), clumps=0.2, wobble=0.16)
RED_CELL = Kind(long=(6.2, 7), short=(5.4, 6.8), dark=(0.8, 1.1), clumps=0.02, rim=0.1)


@dataclass(frozen=True)
class Places:
    """Points in pixels and the direction of each, in radians."""

    x: Field
    y: Field
    angle: Field

    def turned(self) -> "Places":
        """Return the points with each direction turned by a right angle."""
        return Places(self.x, self.y, self.angle + math.pi / 2)

    def where(self, chosen: NDArray[np.bool_]) -> "Places":
        """Return the chosen points."""
        return Places(self.x[chosen], self.y[chosen], self.angle[chosen])


def scatter(rng: np.random.Generator, spacing: float, chance: Field) -> Places:
    """Return points about ``spacing`` apart, each kept with the chance that the field has there."""
    rows, columns = (int(count * STEP / spacing) for count in chance.shape)
    y, x = np.mgrid[0:rows, 0:columns].astype(np.float64).reshape(2, -1)
    x = (x + 0.5 * (y % 2) + rng.random(x.size) * 0.75) * spacing
    y = (y + rng.random(y.size) * 0.75) * spacing
    places = Places(x, y, rng.random(x.size) * math.pi)
    return places.where(rng.random(x.size) < at(chance, x, y))


def set_cells(layer: Table, rng: np.random.Generator, kind: Kind, places: Places) -> None:
    """Set one cell of the kind at each place of a layer of optical densities."""
    stamps = _stamps(kind)
    turns = np.rint(places.angle / math.pi * _ANGLES).astype(int) % _ANGLES
    choice = rng.integers(0, _VARIANTS, len(turns))
    for x, y, turn, variant in zip(places.x, places.y, turns, choice, strict=True):
        _press(layer, stamps[turn][variant], round(x), round(y))


def _press(layer: Table, stamp: Table, x: int, y: int) -> None:
    half = stamp.shape[0] // 2
    top, left = max(0, y - half), max(0, x - half)
    bottom, right = min(layer.shape[0], y + half + 1), min(layer.shape[1], x + half + 1)
    if top < bottom and left < right:
        under = layer[top:bottom, left:right]
        cut = stamp[top - y + half : bottom - y + half, left - x + half : right - x + half]
        np.maximum(under, cut, out=under)


@functools.cache
def _stamps(kind: Kind) -> list[list[Table]]:
    """Return some cells of a kind for each direction."""
    rng = np.random.default_rng(7)
    return [
        [_stamp(rng, kind, math.pi * angle / _ANGLES) for _ in range(_VARIANTS)]
        for angle in range(_ANGLES)
    ]


def _stamp(rng: np.random.Generator, kind: Kind, angle: float) -> Table:
    """Return a square with one cell in its middle."""
    draw = rng.random(12)
    a, b, dark = (low + (high - low) * u for (low, high), u in zip(
        (kind.long, kind.short, kind.dark), draw, strict=False
    ))  # fmt: skip
    half = math.ceil(a * 1.25) + 2
    y, x = np.mgrid[-half : half + 1, -half : half + 1].astype(np.float64)
    u = (x * math.cos(angle) + y * math.sin(angle)) / a
    v = (y * math.cos(angle) - x * math.sin(angle)) / b
    around = np.arctan2(v, u)
    waves = sum(np.sin(n * around + 6.3 * draw[n + 1]) / (n - 1) for n in (2, 3, 4))
    outline = 1 + kind.wobble * waves
    depth = (outline - np.hypot(u, v)) * b  # pixels inside the envelope
    clumps = _soft(rng.random((2 * half + 1, 2 * half + 1)))
    body = dark * (1 + kind.clumps * clumps + kind.rim * np.clip(1.6 - np.abs(depth - 1.4), 0, 1))
    if draw[8] < kind.nucleolus:
        off = np.hypot(x - (draw[9] - 0.5) * a * 0.7, y - (draw[10] - 0.5) * b * 0.7)
        body = body + 0.55 * np.clip(2.6 - off, 0, 1)
    return to_bytes(body * np.clip(depth / 2.2 + 0.4, 0, 1) * DENSITY)


def _soft(grain: Field) -> Field:
    """Blur white noise to grains of about three pixels, -1..1."""
    total = np.zeros_like(grain)
    for down in (-1, 0, 1):
        for across in (-1, 0, 1):
            total += np.roll(grain, (down, across), (0, 1))
    return np.clip((total / 9 - 0.5) * 5, -1, 1)
