"""How well a slide was scanned, as far as its pixels tell: how much tissue, and how sharp.

Sharpness is the share of a tile's variation that lies in its finest detail: the variance of the
Laplacian over the variance of the brightness, taken at the scan's full resolution where there is
tissue (Pech-Pacheco et al., Diatom autofocusing in brightfield microscopy, ICPR 2000, made
independent of stain and contrast). It ranks scans of one scanner; between scanners it does not
compare.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from PIL import Image, ImageFilter, ImageStat

SAMPLED = 9  # tiles of the finest level: about 9 ranged reads
_GRID = 64  # cells of the thumbnail, each way
# Background of a scan is bright and without colour; tissue is one or the other not.
_BRIGHT, _COLOURED = 215, 18
_LEAST_SIDE = 16  # px; the last tile of a row may be one px wide
# Fluorescence that is stored as colours: more is dark than pen marks and folds explain.
_DARK, _MOST_DARK = 64, 0.3
_LAPLACIAN = ImageFilter.Kernel((3, 3), (0, 1, 0, 1, -4, 1, 0, 1, 0), scale=1, offset=128)


Place = tuple[float, float]
Tiles = Iterable[Image.Image]


@dataclass(frozen=True)
class Quality:
    """``tissue`` is the share of the slide's area (0 to 1). ``sharpness`` is 0 or more.

    Both are None where they have no meaning: fluorescence has no white background, an empty slide
    nothing to be sharp.
    """

    tissue: float | None
    sharpness: float | None


def assess(thumbnail: Image.Image, tiles_at: Callable[[Sequence[Place]], Tiles]) -> Quality:
    """Judge a brightfield slide from its thumbnail and a few tiles at full resolution.

    ``tiles_at`` returns the tiles (RGB) at places given as shares of width and height.
    """
    cells = thumbnail.resize((_GRID, _GRID), Image.Resampling.BOX).convert("RGB")
    places = [
        ((number % _GRID + 0.5) / _GRID, (number // _GRID + 0.5) / _GRID)
        for number, pixel in enumerate(_pixels(cells))
        if _is_tissue(pixel)
    ]
    if sum(max(pixel) < _DARK for pixel in _pixels(cells)) > _GRID * _GRID * _MOST_DARK:
        return Quality(None, None)
    tissue = len(places) / (_GRID * _GRID)
    scores = [_sharpness(tile) for tile in tiles_at(_spread(places))]
    told = [score for score in scores if score is not None]
    return Quality(round(tissue, 4), round(median(told), 4) if told else None)


def _pixels(image: Image.Image) -> Sequence[tuple[int, ...]]:
    data = image.tobytes()
    return [tuple(data[at : at + 3]) for at in range(0, len(data), 3)]


def _is_tissue(pixel: tuple[int, ...]) -> bool:
    return min(pixel) < _BRIGHT or max(pixel) - min(pixel) > _COLOURED


def _spread(places: Sequence[Place]) -> Sequence[Place]:
    """Take a few places, evenly over all, the same ones every time."""
    step = max(1, len(places) // SAMPLED)
    return places[step // 2 :: step][:SAMPLED]


def _sharpness(tile: Image.Image) -> float | None:
    grey = tile.convert("L")
    spread = ImageStat.Stat(grey).var[0]
    if spread < 1.0 or min(grey.size) < _LEAST_SIDE:  # one even colour, or hardly anything
        return None
    # Without the outermost pixels, where the filter has no neighbours.
    inner = grey.filter(_LAPLACIAN).crop((1, 1, grey.width - 1, grey.height - 1))
    return ImageStat.Stat(inner).var[0] / spread
