"""Round structures of tissue (ducts, acini, tubules, vessels) as fields of distance."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sample_noise import STEP, Field, coordinates
from sample_nuclei import Places

FAR = 1e4  # a distance beyond all that matters, in pixels


@dataclass(frozen=True, kw_only=True)
class Ring:
    """A closed outline around a centre, a wall behind it and what is left: the lumen. In pixels.

    ``waves`` are (how many, amplitude as a share of the radius, phase). ``holes`` are lumens (x, y,
    radius) of a ring that is filled otherwise.
    """

    x: float
    y: float
    radius: float
    wall: float
    waves: tuple[tuple[int, float, float], ...] = ()
    holes: tuple[tuple[float, float, float], ...] = ()
    content: float = 0.0  # how pink the lumen is

    @property
    def reach(self) -> float:
        """No point of the outline is farther from the centre."""
        return self.radius * (1 + sum(amplitude for _, amplitude, _ in self.waves))

    def outline(self, angle: Field) -> Field:
        """Return the radius in each direction."""
        waves = [a * np.cos(n * angle + phase) for n, a, phase in self.waves]
        return self.radius * (1 + sum(waves, np.zeros_like(angle)))

    def along(self, depth: float, spacing: float, rng: np.random.Generator) -> Places:
        """Return places ``depth`` inside the outline, about ``spacing`` apart, pointing inwards."""
        count = max(3, int(2 * math.pi * (self.radius - depth) / spacing))
        angle = (np.arange(count) + 0.5 * rng.random(count)) * 2 * math.pi / count
        radius = self.outline(angle) - depth + (rng.random(count) - 0.5) * 4
        x, y = self.x + radius * np.cos(angle), self.y + radius * np.sin(angle)
        return Places(x, y, (angle + (rng.random(count) - 0.5) * 0.5) % math.pi)


def ring(
    rng: np.random.Generator, x: float, y: float, radius: float, wall: float, rough: float = 0.12
) -> Ring:
    """Return a ring with an irregular outline."""
    draw = rng.random(6)
    waves = tuple(
        (n, rough * (0.4 + draw[i]) / (1 + 0.5 * i), 6.3 * draw[3 + i])
        for i, n in enumerate((2, 3, 5))
    )
    return Ring(x=x, y=y, radius=radius, wall=wall, waves=waves)


@dataclass(frozen=True)
class Rings:
    """Rings and, for each point, the distance to the nearest outline and its lumen, < 0 inside."""

    all: Sequence[Ring]
    outer: Field
    lumen: Field
    content: Field


def lay(rings: Sequence[Ring], shape: tuple[int, int], margin: float = 240) -> Rings:
    """Return the fields of the rings; farther than ``margin`` from all of them is FAR."""
    outer, lumen, content = np.full(shape, FAR), np.full(shape, FAR), np.zeros(shape)
    x, y = coordinates(shape)
    for one in rings:
        reach = one.reach + margin
        rows = slice(max(0, int((one.y - reach) / STEP)), max(0, int((one.y + reach) / STEP)))
        columns = slice(max(0, int((one.x - reach) / STEP)), max(0, int((one.x + reach) / STEP)))
        east, south = x[rows, columns] - one.x, y[rows, columns] - one.y
        distance = np.hypot(east, south) - one.outline(np.arctan2(south, east))
        inner = distance + one.wall
        for hole_x, hole_y, radius in one.holes:
            hole = np.hypot(x[rows, columns] - hole_x, y[rows, columns] - hole_y) - radius
            inner = np.minimum(inner, hole)
        nearer = distance < outer[rows, columns]
        outer[rows, columns][nearer] = distance[nearer]
        lumen[rows, columns][nearer] = inner[nearer]
        content[rows, columns][nearer] = one.content
    return Rings(rings, outer, lumen, content)


def pack(
    rng: np.random.Generator,
    area: tuple[float, float, float],
    radii: tuple[float, float],
    *,
    tries: int,
    gap: float,
    taken: Sequence[tuple[float, float, float]] = (),
) -> list[tuple[float, float, float]]:
    """Throw circles (x, y, radius) into a disc and keep those that do not meet another."""
    x0, y0, reach = area
    circles = list(taken)
    for u, v, w in rng.random((tries, 3)):
        away, angle, radius = (
            reach * math.sqrt(u),
            2 * math.pi * v,
            radii[0] + w * (radii[1] - radii[0]),
        )
        x, y = x0 + away * math.cos(angle), y0 + away * math.sin(angle)
        if all(math.hypot(x - a, y - b) > radius + r + gap for a, b, r in circles):
            circles.append((x, y, radius))
    return circles[len(taken) :]


def cells_of_fat(rng: np.random.Generator, shape: tuple[int, int], size: float) -> Field:
    """Return the distance to the nearest wall between cells of about ``size`` pixels."""
    x, y = coordinates(shape)
    columns, rows = (int(float(axis.max()) / size) + 4 for axis in (x, y))
    shift = rng.random((rows, columns, 2)) * 0.85
    column, row = (x / size).astype(int) + 1, (y / size).astype(int) + 1
    nearest, second = np.full(shape, FAR), np.full(shape, FAR)
    for down in (-1, 0, 1):
        for across in (-1, 0, 1):
            r, c = row + down, column + across
            centre_x, centre_y = (c - 1 + shift[r, c, 0]) * size, (r - 1 + shift[r, c, 1]) * size
            distance = np.hypot(x - centre_x, y - centre_y)
            second = np.minimum(second, np.maximum(nearest, distance))
            nearest = np.minimum(nearest, distance)
    wall: Field = (second - nearest) / 2
    return wall
