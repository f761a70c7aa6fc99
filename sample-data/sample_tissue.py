"""Paint a section of tissue from where its parts lie: densities of two stains, then colours."""

from dataclasses import dataclass

import numpy as np
from jpeg_streams import Pixels
from numpy.typing import NDArray
from sample_noise import Field, Plane, Table, enlarge, look_up, rise, texture, to_bytes
from sample_nuclei import DENSITY
from sample_shapes import Rings

_BAND = 480  # rows painted at a time, to bound memory

# Optical density of red, green and blue at density 1 of each stain, near to scanned sections.
_HAEMATOXYLIN = np.array((0.70, 0.80, 0.36))
_EOSIN = np.array((0.09, 0.66, 0.36))
_GLASS = np.array((243.0, 243.0, 243.0))


@dataclass(frozen=True, kw_only=True)
class Section:
    """Where everything lies. Fields hold pixels of distance or shares of 0..1.

    ``phase`` and ``cross`` are coordinates across and along the fibres.
    """

    width: int
    height: int
    inside: Field
    phase: Field
    cross: Field
    dense: Field
    fat: Field
    fat_walls: Field
    glands: Rings
    vessels: Rings
    nuclei: Table
    red_cells: Table


class Painter:
    """Turns a section into pixels, some rows at a time."""

    def __init__(self, section: Section, palette: NDArray[np.uint8], seed: int) -> None:
        self._section = section
        self._palette = palette
        rng = np.random.default_rng(seed)
        self._bundles = texture(rng, 2048, 64, 32)
        self._fibrils = texture(rng, 2048, 16, 32)
        self._grain = texture(rng, 1024, 16, 16)

    def paint(self) -> Pixels:
        """Return the whole section."""
        section = self._section
        out = np.empty((section.height, section.width, 3), np.uint8)
        for top in range(0, section.height, _BAND):
            bottom = min(section.height, top + _BAND)
            nuclear, pink = self._stains(top, bottom)
            places = _index(nuclear) * 256 + _index(pink)
            for colour in range(3):
                out[top:bottom, :, colour] = np.take(self._palette[colour], places)
        return out

    def _stains(self, top: int, bottom: int) -> tuple[Plane, Plane]:
        """Return the densities of the nuclear and the background stain."""

        def rows(field: Field) -> Plane:
            return enlarge(field, top, bottom, self._section.width)

        section = self._section
        grain = self._grained(top, bottom)
        fibre, pink = self._stroma(rows(section.phase), rows(section.cross), rows(section.dense))
        nuclear: Plane = (0.03 + 0.08 * grain) * rise(pink, 0.05, 0.2)
        fat = rise(rows(section.fat) + 0.08 * grain, 0, 0.06)
        membrane = 1 - rise(rows(section.fat_walls), 2.2, 4.0)
        pink = pink * (1 - fat) + 0.42 * membrane * fat
        nuclear = nuclear * (1 - fat)
        for rings, wall in ((section.vessels, _MUSCLE), (section.glands, _EPITHELIUM)):
            nuclear, pink = wall.cover(
                nuclear, pink, rows(rings.outer), rows(rings.lumen), grain, fibre
            )
            content = rows(rings.content)
            pink += content * (0.5 + grain) * rise(rows(rings.lumen) + 14 * grain, 0, -12)
        tissue = rise(rows(section.inside) + 26 * fibre - 13, -1, 5)
        nuclei = section.nuclei[top:bottom].astype(np.float32) / DENSITY
        red = section.red_cells[top:bottom].astype(np.float32) / DENSITY
        nuclear = (nuclear * (1 - rise(red, 0.1, 0.4)) + nuclei) * tissue
        pink = (np.maximum(pink, red) + 0.12 * rise(nuclei, 0.1, 0.6)) * tissue
        return nuclear, pink

    def _stroma(self, phase: Plane, cross: Plane, dense: Plane) -> tuple[Plane, Plane]:
        """Return the fibres, 0..1, and how pink they and the gaps between them are."""
        bundle = look_up(self._bundles, phase * 2, cross * 0.5)
        fibril = look_up(self._fibrils, phase * 2, cross * 1.0)
        fibre = 0.55 * bundle + 0.45 * fibril
        body = (0.16 + 0.36 * dense) * (0.42 + 1.16 * fibre)
        gaps = rise(fibre + 0.36 * dense, 0.30, 0.50)
        return fibre, body * (0.08 + 0.92 * gaps)

    def _grained(self, top: int, bottom: int) -> Plane:
        size = self._grain.shape[0]
        lines = self._grain[np.arange(top, bottom) % size]
        repeated = np.tile(lines, (1, self._section.width // size + 1))
        return repeated[:, : self._section.width].astype(np.float32) / 255


@dataclass(frozen=True, kw_only=True)
class _Wall:
    """How the wall of a ring takes the stains, and what is around it."""

    nuclear: float
    pink: float
    fibrous: float
    halo: float

    def cover(
        self, nuclear: Plane, pink: Plane, outer: Plane, lumen: Plane, grain: Plane, fibre: Plane
    ) -> tuple[Plane, Plane]:
        """Lay the wall and the lumen over what is there."""
        loose = rise(outer, 34, 6) * (1 - rise(outer, 3, -1)) * self.halo
        pink = pink * (1 - 0.6 * loose * grain)
        wall = rise(outer, 1.5, -1.5)
        uneven = 0.75 + 0.5 * (grain * (1 - self.fibrous) + fibre * self.fibrous)
        membrane = rise(outer, -5, -1) * 0.22 * self.halo
        nuclear = nuclear * (1 - wall) + self.nuclear * uneven * wall
        pink = pink * (1 - wall) + (self.pink * uneven + membrane) * wall
        open_ = 1 - rise(lumen + 9 * grain - 4.5, -1.6, 1.6)
        return nuclear * (1 - open_), pink * (1 - open_)


_EPITHELIUM = _Wall(nuclear=0.20, pink=0.28, fibrous=0, halo=1)
_MUSCLE = _Wall(nuclear=0.05, pink=0.45, fibrous=0.7, halo=0)


def stained() -> NDArray[np.uint8]:
    """Return the palette of haematoxylin and eosin in transmitted light, by Beer and Lambert."""
    nuclear, pink = (np.arange(256) / DENSITY)[:, None, None], (np.arange(256) / DENSITY)[:, None]
    light = _GLASS * 10.0 ** -((nuclear * _HAEMATOXYLIN + pink * _EOSIN) * 0.80)
    return _palette(light)


def fluorescent() -> NDArray[np.uint8]:
    """Return the palette of a blue nuclear and a green background stain on black."""
    nuclear, pink = np.meshgrid(np.arange(256) / DENSITY, np.arange(256) / DENSITY, indexing="ij")
    green = 250 * np.clip(pink * 2.0 - 0.12, 0, 1) * np.clip(1.1 - nuclear * 0.9, 0.12, 1)
    blue = 225 * np.clip(nuclear * 0.95 - 0.28, 0, 1)
    red = 150 * np.clip(pink * 2.4 - 0.85, 0, 1) * np.clip(1.0 - nuclear * 0.9, 0.1, 1)
    return _palette(np.stack((red + 0.12 * blue + 4, green + 0.3 * blue + 5, blue + 9), axis=-1))


def _palette(light: Field) -> NDArray[np.uint8]:
    """Return one table a colour, indexed by nuclear x 256 + pink."""
    return np.ascontiguousarray(to_bytes(light).reshape(256 * 256, 3).T)


def _index(density: Plane) -> NDArray[np.int32]:
    index: NDArray[np.int32] = np.clip(density * DENSITY + np.float32(0.5), 0, 255).astype(np.int32)
    return index
