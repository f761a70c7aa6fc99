"""Seeded noise and fields for the painted tissue, with the same values on every machine.

Fields are coarse: one value per ``STEP`` x ``STEP`` pixels, in double precision. What is computed
for each pixel is single precision and kept to additions, products, comparisons and look-ups, which
round the same way on all processors; exp or sin in single precision do not.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

STEP = 4

Field = NDArray[np.floating[Any]]  # float64: one value per STEP pixels, rows x columns
Plane = NDArray[np.floating[Any]]  # float32: one value per pixel of a band of rows
Table = NDArray[np.uint8]


def field_shape(width: int, height: int) -> tuple[int, int]:
    """Return the rows and columns of a field over so many pixels."""
    return height // STEP + 2, width // STEP + 2


def coordinates(shape: tuple[int, int]) -> tuple[Field, Field]:
    """Return x and y, in pixels, of each value of a field."""
    rows, columns = np.mgrid[0 : shape[0], 0 : shape[1]].astype(np.float64)
    return columns * STEP, rows * STEP


def noise(rng: np.random.Generator, shape: tuple[int, int], cell: float, octaves: int = 1) -> Field:
    """Return smooth noise of about -1..1 whose largest features have ``cell`` pixels."""
    total = np.zeros(shape)
    for octave in range(octaves):
        step = cell / STEP / 2**octave
        knots = [int(count / step) + 4 for count in shape]
        lattice = rng.random((knots[0], knots[1])) * 2 - 1
        down, across = (_weights(shape[i], knots[i], 1 / step) for i in range(2))
        total += down @ lattice @ across.T * 2 * 0.55**octave
    return total


def texture(rng: np.random.Generator, size: int, cell_rows: int, cell_columns: int) -> Table:
    """Return a square of noise, 0..255, that repeats without a seam."""
    total = np.zeros((size, size))
    for share, divide in ((0.65, 1), (0.35, 2)):
        knots = size * divide // cell_rows, size * divide // cell_columns
        lattice = rng.random(knots) * 2 - 1
        down, across = (_weights(size, knot, knot / size, wrap=True) for knot in knots)
        total += share * (down @ lattice @ across.T)
    low, high = np.quantile(total, (0.01, 0.99))
    spread = (total - low) / (high - low) * 255
    return to_bytes(spread)


def to_bytes(values: Field) -> Table:
    """Round to whole numbers of 0..255."""
    whole: Table = np.clip(np.rint(values), 0, 255).astype(np.uint8)
    return whole


def enlarge(field: Field, top: int, bottom: int, width: int) -> Plane:
    """Return rows ``top`` to ``bottom`` of a field at one value per pixel, linear in between."""
    rows = np.arange(top, bottom)
    low = field.astype(np.float32)
    weight = ((rows % STEP) / np.float32(STEP)).astype(np.float32)[:, None]
    start = rows // STEP
    lines = low[start] * (1 - weight) + low[start + 1] * weight
    plane = np.empty((len(rows), (low.shape[1] - 1) * STEP), np.float32)
    for part in range(STEP):
        share = np.float32(part / STEP)
        plane[:, part::STEP] = lines[:, :-1] * (1 - share) + lines[:, 1:] * share
    return plane[:, :width]


def rise(values: Plane, low: float, high: float) -> Plane:
    """Go smoothly from 0 at ``low`` to 1 at ``high`` (which may be the smaller)."""
    t = np.clip((values - np.float32(low)) / np.float32(high - low), 0, 1)
    smooth: Plane = t * t * (3 - 2 * t)
    return smooth


def look_up(table: Table, rows: Plane, columns: Plane) -> Plane:
    """Take 0..1 from a repeating texture at the given places."""
    size = table.shape[0]
    places = (rows.astype(np.int32) % size) * size + columns.astype(np.int32) % size
    found: Plane = np.take(table.ravel(), places).astype(np.float32) * np.float32(1 / 255)
    return found


def at(field: Field, x: Field, y: Field) -> Field:
    """Take a field's nearest values at points given in pixels."""
    row = np.clip(np.rint(y / STEP).astype(int), 0, field.shape[0] - 1)
    column = np.clip(np.rint(x / STEP).astype(int), 0, field.shape[1] - 1)
    found: Field = field[row, column]
    return found


def _weights(count: int, knots: int, scale: float, *, wrap: bool = False) -> Field:
    """Return the matrix of cubic B-spline weights from lattice values to places."""
    position = np.arange(count) * scale
    base = np.floor(position).astype(int)
    t = position - base
    spline = ((1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, -3 * t**3 + 3 * t**2 + 3 * t + 1, t**3)
    matrix = np.zeros((count, knots))
    for offset, weight in enumerate(spline):
        column = (base + offset) % knots if wrap else np.minimum(base + offset, knots - 1)
        np.add.at(matrix, (np.arange(count), column), weight / 6)
    return matrix
