"""Populate a section: which cells go where."""

import math
from collections.abc import Sequence

import numpy as np
from sample_layout import Ground
from sample_noise import Field, at
from sample_nuclei import (
    EPITHELIAL,
    RED_CELL,
    SPINDLE,
    TUMOUR,
    Kind,
    Places,
    scatter,
    set_cells,
)
from sample_shapes import FAR, Ring
from sample_tissue import Section


class Cells:
    """Sets cells into the layers of one section."""

    def __init__(self, ground: Ground, section: Section) -> None:
        self._ground = ground
        self._rng = ground.rng
        self._section = section

    def sow(self, kind: Kind, spacing: float, chance: Field) -> None:
        """Set cells about ``spacing`` pixels apart, each with the chance the field has there."""
        self._set(kind, scatter(self._rng, spacing, chance))

    def line(self, rings: Sequence[Ring]) -> None:
        """Line each wall with epithelium, more where it is thick, and flat cells outside."""
        for ring in rings:
            self._set_inside(EPITHELIAL, ring.along(min(14.0, ring.wall * 0.52), 15.5, self._rng))
            self._set_inside(SPINDLE, ring.along(1, 46, self._rng).turned())
        glands = self._section.glands
        thick = (glands.outer < -18) & (glands.lumen > 7) & (glands.lumen < FAR / 2)
        self.sow(EPITHELIAL, 21, 0.5 * (thick & (self._section.inside > 8)))

    def fill(self, rings: Sequence[Ring]) -> None:
        """Crowd the rings with large, uneven nuclei."""
        near = self._ground.depth(*((ring.x, ring.y, ring.reach) for ring in rings)) > 0
        glands = self._section.glands
        self.sow(TUMOUR, 23, 0.93 * (near & (glands.outer < -8) & (glands.lumen > 9)))

    def spindles(self, spacing: float, chance: Field) -> None:
        """Set flat nuclei along the fibres."""
        steepest = [np.asarray(slope) for slope in np.gradient(self._section.phase)]
        places = scatter(self._rng, spacing, chance)
        down, across = (at(slope, places.x, places.y) for slope in steepest)
        slope = np.arctan2(down, across)
        wander = (self._rng.random(places.x.size) - 0.5) * 0.5
        self._set(SPINDLE, Places(places.x, places.y, (slope + wander) % math.pi).turned())

    def bleed(self) -> None:
        """Put red cells into the vessels, and nuclei of endothelium and muscle into their walls."""
        lumen = (self._section.vessels.lumen < -6) & (self._ground.noise(140, 2) > -0.25)
        set_cells(self._section.red_cells, self._rng, RED_CELL, scatter(self._rng, 13, 0.8 * lumen))
        for ring in self._section.vessels.all:
            for share in (0.12, 0.4, 0.7, 0.97):
                places = ring.along(ring.wall * share, 42 - 14 * share, self._rng)
                self._set_inside(SPINDLE, places.turned())

    def _set_inside(self, kind: Kind, places: Places) -> None:
        self._set(kind, places.where(at(self._section.inside, places.x, places.y) > 6))

    def _set(self, kind: Kind, places: Places) -> None:
        set_cells(self._section.nuclei, self._rng, kind, places)
