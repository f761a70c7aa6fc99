import random
from collections.abc import Sequence

import pytest
from PIL import Image, ImageFilter

from labsight.slides import quality
from labsight.slides.quality import Quality


def tissue(side: int, seed: int = 1) -> Image.Image:
    """Purple with detail in every px, as a sharp scan of tissue has."""
    numbers = random.Random(seed)
    data = bytes(
        value for _ in range(side * side) for value in (numbers.randrange(90, 190), 80, 150)
    )
    return Image.frombytes("RGB", (side, side), data)


def slide(share: float) -> Image.Image:
    """A thumbnail whose left part is tissue."""
    whole = Image.new("RGB", (256, 128), (243, 242, 244))
    whole.paste(tissue(256).crop((0, 0, round(256 * share), 128)))
    return whole


def sharpness(tile: Image.Image) -> float:
    return quality.assess(slide(0.5), lambda places: [tile for _ in places]).sharpness or 0.0


@pytest.mark.parametrize("share", [0.25, 0.5, 1.0])
def test_tissue_is_told_as_a_share_of_the_area(share: float) -> None:
    found = quality.assess(slide(share), lambda places: [tissue(64) for _ in places])
    assert found.tissue == pytest.approx(share, abs=0.03)


def test_a_blurred_scan_is_less_sharp_whatever_its_contrast() -> None:
    sharp = tissue(64)
    pale = Image.blend(sharp, Image.new("RGB", sharp.size, (140, 80, 150)), 0.3)
    blurred = sharp.filter(ImageFilter.GaussianBlur(2))
    scores = [sharpness(tile) for tile in (sharp, pale, blurred)]
    assert scores[1] == pytest.approx(scores[0], rel=0.1)
    assert scores[2] < scores[0] / 10


def test_an_empty_slide_is_neither_sharp_nor_blurred() -> None:
    def none(places: Sequence[quality.Place]) -> list[Image.Image]:
        assert not places
        return []

    assert quality.assess(slide(0), none) == Quality(0.0, None)


@pytest.mark.parametrize("width", [1, 2, 3, 15])
def test_a_narrow_tile_at_the_edge_tells_nothing(width: int) -> None:
    """A slide of 961 px in tiles of 240 px ends with one that is one px wide."""
    narrow = tissue(64).crop((0, 0, width, 64))
    assert quality.assess(slide(0.5), lambda places: [narrow for _ in places]).sharpness is None


def test_few_tiles_are_looked_at_and_always_the_same_ones() -> None:
    asked: list[quality.Place] = []

    def tiles_at(places: Sequence[quality.Place]) -> list[Image.Image]:
        asked.extend(places)
        return [tissue(32) for _ in places]

    first, again = quality.assess(slide(0.5), tiles_at), quality.assess(slide(0.5), tiles_at)
    assert first == again
    assert asked[: len(asked) // 2] == asked[len(asked) // 2 :]
    assert len(asked) == 2 * quality.SAMPLED
    assert all(x < 0.52 for x, _ in asked)
