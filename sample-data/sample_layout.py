"""The ground a section is laid out on: its outline, fibres, fat and regions, as fields."""

import numpy as np
from sample_noise import Field, coordinates, field_shape, noise
from sample_shapes import FAR, cells_of_fat, lay
from sample_tissue import Section

Circle = tuple[float, float, float]  # x, y, radius in pixels

_FAT_CELL = 138  # pixels, about 70 micrometres


class Ground:
    """Draws fields of one size from one seed; the order of the calls matters."""

    def __init__(self, seed: int, width: int, height: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.width, self.height = width, height
        self.shape = field_shape(width, height)
        self.x, self.y = coordinates(self.shape)

    def noise(self, cell: float, octaves: int) -> Field:
        """Return smooth noise of about -1..1."""
        return noise(self.rng, self.shape, cell, octaves)

    def outline(self) -> Field:
        """Return the distance inside an irregular piece of tissue, in about pixels."""
        across = (self.x / self.width - 0.5) / 0.455
        down = (self.y / self.height - 0.5) / 0.43
        rim = 1 - (across**4 + down**4) ** 0.25
        large = rim + 0.13 * self.noise(0.36 * self.width, 5)
        return large * 0.46 * self.height + 6 * self.noise(60, 3)

    def fibres(self, around: Field, wrap: float) -> tuple[Field, Field]:
        """Return the coordinates across and along wavy fibres, in pixels.

        The fibres bend round what ``around`` is the distance to, within about ``wrap`` of it.
        """
        wave = 190 * self.noise(900, 2) + 26 * self.noise(170, 3) + 6 * self.noise(48, 2)
        bend = 2.2 * wrap * np.exp(-np.maximum(around, 0) / wrap)
        along = 0.83 * self.x - 0.55 * self.y + 120 * self.noise(500, 2)
        return 0.55 * self.x + 0.83 * self.y + wave + bend, along

    def fat(self, clear: Field) -> Field:
        """Return where fat is (above 0): to the lower right, far from what ``clear`` measures."""
        slope = 1.95 * (self.x / self.width - 0.5) + 1.61 * (self.y / self.height - 0.5) - 0.45
        return np.minimum(self.noise(1500, 3) + slope, (clear - 60) / 150)

    def fat_walls(self) -> Field:
        """Return the distance to the nearest wall between fat cells."""
        return cells_of_fat(self.rng, self.shape, _FAT_CELL) + 1.2 * self.noise(60, 2) - 1

    def depth(self, *circles: Circle) -> Field:
        """Return the distance inside the nearest of the circles."""
        inside: Field = np.full(self.shape, -FAR)
        for x, y, radius in circles:
            inside = np.maximum(inside, radius - np.hypot(self.x - x, self.y - y))
        return inside

    def region(self, circle: Circle, soft: float) -> Field:
        """Return 1 in a circle, falling to 0 within ``soft`` radii around it."""
        share: Field = np.clip(self.depth(circle) / (soft * circle[2]) + 1, 0, 1)
        return share

    def bare(self) -> Section:
        """Return a section of nothing but loose tissue everywhere."""
        nothing, none = lay([], self.shape), np.zeros(self.shape)
        cells = np.zeros((2, self.height, self.width), np.uint8)
        return Section(
            width=self.width,
            height=self.height,
            inside=none + FAR,
            phase=none,
            cross=none,
            dense=none,
            fat=none - 1,
            fat_walls=none + FAR,
            glands=nothing,
            vessels=nothing,
            nuclei=cells[0],
            red_cells=cells[1],
        )
