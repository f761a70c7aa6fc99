"""The sections that the sample slides show: a breast, a lymph node, a kidney."""

import math
from dataclasses import replace

import numpy as np
from sample_cells import Cells
from sample_layout import Circle, Ground
from sample_nuclei import CENTROBLAST, EPITHELIAL, LYMPHOCYTE, SPINDLE
from sample_shapes import FAR, Ring, lay, pack, ring
from sample_tissue import Section

# Breast, for 5303 x 3967 pixels
_VESSELS: tuple[Circle, ...] = (
    (1060, 1020, 92),
    (3150, 3150, 120),
    (3400, 3030, 60),
    (2700, 1990, 66),
    (890, 2260, 55),
    (3910, 1330, 85),
)
_DUCTS: tuple[Circle, ...] = (
    (1430, 1380, 215),
    (2240, 1060, 150),
    (3030, 950, 235),
    (1330, 2080, 120),
    (2480, 3150, 180),
)
_SECRETIONS = (0.0, 0.14, 0.05, 0.2, 0.1)  # how pink the lumen of each duct is
_IN_SITU: tuple[Circle, ...] = ((3030, 1590, 265), (3590, 1180, 205), (3610, 1810, 175))
_LOBULES: tuple[Circle, ...] = ((2240, 1910, 400), (1840, 3150, 350), (930, 1640, 270))
_INFILTRATE: Circle = (1790, 2600, 270)

# Lymph node, for 2501 x 2003 pixels
_FOLLICLES: tuple[Circle, ...] = (
    (560, 620, 230),
    (1180, 430, 200),
    (1830, 640, 260),
    (760, 1290, 250),
    (1500, 1330, 220),
)
_NODE_VESSELS: tuple[Circle, ...] = ((1180, 930, 60), (1990, 1100, 48))

# Kidney, for 2050 x 1538 pixels
_GLOMERULI: tuple[Circle, ...] = (
    (560, 520, 150),
    (1330, 960, 165),
    (1560, 330, 140),
    (480, 1180, 150),
)


def breast(width: int, height: int) -> Section:
    """Ducts and lobules in collagen, a cribriform in-situ lesion, fat, vessels, lymphocytes."""
    ground = Ground(20260314, width, height)
    inside = ground.outline()
    ducts, solid, acini = _breast_glands(ground.rng)
    glands = lay([*ducts, *solid, *acini], ground.shape)
    vessels = lay([ring(ground.rng, x, y, r, 0.42 * r, 0.16) for x, y, r in _VESSELS], ground.shape)
    clear = np.minimum(glands.outer, vessels.outer)
    fat, fat_walls = ground.fat(clear), ground.fat_walls()
    loose = np.maximum.reduce([ground.region(circle, 0.75) for circle in _LOBULES])
    core = 1.6 * ground.region(_INFILTRATE, 1) - 0.6
    infiltrate = np.clip(core + 0.5 * ground.noise(260, 4), 0, 1)
    phase, cross = ground.fibres(clear, 70)
    section = replace(
        ground.bare(),
        inside=inside,
        phase=phase,
        cross=cross,
        dense=np.clip(0.62 + 0.45 * ground.noise(700, 3) - 0.45 * loose - 0.2 * infiltrate, 0, 1),
        fat=fat,
        fat_walls=fat_walls,
        glands=glands,
        vessels=vessels,
    )
    cells = Cells(ground, section)
    stroma = (inside > 12) & (clear > 10) & (fat < 0)
    cells.line([*ducts, *acini])
    cells.fill(solid)
    cells.spindles(40, stroma * (0.25 + 0.22 * ground.noise(500, 3) + 0.4 * loose))
    cells.sow(SPINDLE, 34, 0.22 * ((inside > 12) & (fat > 0) & (fat_walls < 4)))
    cells.sow(LYMPHOCYTE, 15, stroma * (0.95 * infiltrate + 0.10 * loose + 0.008))
    cells.bleed()
    return section


def lymph_node(width: int, height: int) -> Section:
    """Follicles with pale centres among small lymphocytes, a sinus and a capsule."""
    ground = Ground(20260315, width, height)
    inside = ground.outline() - 25
    around = 45 * ground.noise(220, 2) - ground.depth(*_FOLLICLES)
    centre, mantle = around < 0, (around >= 0) & (around < 75)
    capsule = inside < 75
    sinus = ~capsule & (inside < 130 + 40 * ground.noise(300, 2))
    phase, cross = ground.fibres(inside, 150)
    vessels = lay([ring(ground.rng, x, y, r, 0.4 * r) for x, y, r in _NODE_VESSELS], ground.shape)
    section = replace(
        ground.bare(),
        inside=inside,
        phase=phase,
        cross=cross,
        dense=np.where(capsule, 0.75, np.where(sinus, 0.05, 0.42)),
        vessels=vessels,
    )
    cells = Cells(ground, section)
    pulp = (inside > 70) & ~sinus & (vessels.outer > 4)
    crowded = np.where(mantle, 0.97, 0.72 + 0.2 * ground.noise(260, 2))
    cells.sow(CENTROBLAST, 22, 0.9 * (pulp & centre))
    cells.sow(LYMPHOCYTE, 13, np.where(centre, 0.06, crowded) * pulp + 0.22 * sinus)
    cells.spindles(36, 0.35 * (capsule & (inside > 10)) + 0.04 * pulp)
    cells.bleed()
    return section


def kidney(width: int, height: int) -> Section:
    """Tubules packed around glomeruli."""
    ground = Ground(20260316, width, height)
    rng = ground.rng
    inside = ground.outline() + 120
    everywhere = (width / 2, height / 2, math.hypot(width, height) / 2)
    taken = [(x, y, r + 20) for x, y, r in _GLOMERULI]
    large = pack(rng, everywhere, (38, 66), tries=5000, gap=-2, taken=taken)
    small = pack(rng, everywhere, (20, 38), tries=5000, gap=-2, taken=[*taken, *large])
    tubules = [ring(rng, x, y, r, min(30, r * 0.72), 0.10) for x, y, r in [*large, *small]]
    tufts = [_filled(rng, circle, 0.08, (5, 12), 160) for circle in _GLOMERULI]
    glands = lay([*tubules, *tufts], ground.shape)
    phase, cross = ground.fibres(glands.outer, 20)
    dense = np.full(ground.shape, 0.05)
    section = replace(
        ground.bare(), inside=inside, phase=phase, cross=cross, dense=dense, glands=glands
    )
    cells = Cells(ground, section)
    cells.line(tubules)
    cells.sow(EPITHELIAL, 21, 0.75 * ((ground.depth(*_GLOMERULI) > 6) & (glands.lumen > 3)))
    cells.spindles(30, 0.3 * ((inside > 12) & (glands.outer > 3)))
    return section


def _breast_glands(rng: np.random.Generator) -> tuple[list[Ring], list[Ring], list[Ring]]:
    """Return ducts, ducts filled with a lesion, and the acini of lobules."""
    ducts = [
        replace(ring(rng, x, y, r, 36, 0.2), content=content)
        for (x, y, r), content in zip(_DUCTS, _SECRETIONS, strict=True)
    ]
    solid = [_filled(rng, circle, 0.1, (15, 42), 40) for circle in _IN_SITU]
    acini = [
        ring(rng, x, y, r, min(26.0, 0.62 * r), 0.12)
        for lobule in _LOBULES
        for x, y, r in pack(rng, lobule, (30, 58), tries=260, gap=14)
    ]
    return ducts, solid, acini


def _filled(
    rng: np.random.Generator,
    circle: Circle,
    rough: float,
    holes: tuple[float, float],
    tries: int,
) -> Ring:
    """Return a ring full of cells but for round holes, their radii between two bounds."""
    x, y, radius = circle
    punched = pack(rng, (x, y, radius * 0.78), holes, tries=tries, gap=14)
    return replace(ring(rng, x, y, radius, FAR, rough), holes=tuple(punched))
