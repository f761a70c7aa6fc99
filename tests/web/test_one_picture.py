"""One slide, one picture: Deep Zoom, IIIF and the viewer's own tile source in OpenSeadragon.

The viewer's own page shows the slide first. A second, bare page of the same origin then shows it
through OpenSeadragon's own tile sources for Deep Zoom and IIIF, at the same place, in an element of
the same size. The pixels of the three are compared.
"""

import base64
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Browser, Page

from labsight import keys
from labsight.api.serve import SOURCE
from labsight.api.web import web_folder
from labsight.errors import SettingsError
from tests.support import browser as real
from tests.support.browser import READ_PICTURE
from tests.support.made_slides import make_svs
from tests.support.repository import ROOT

OPENSEADRAGON = ROOT / "web/node_modules/openseadragon/build/openseadragon/openseadragon.min.js"
READY = "#viewer[data-state=ready]"
BARE = "<!doctype html><title>bare</title><div id='viewer'></div>"

# Levels that divide without remainder, and levels that the scanner rounded down.
EXACT, FLOORED = "exact.svs", "floored.svs"
SIZES = {EXACT: (4000, 3200), FLOORED: (4003, 3201)}

Pixels = NDArray[np.int16]


@dataclass(frozen=True)
class Place:
    """The middle of the view in px of the slide, screen px per px, and how coarse tiles may be.

    Levels with fewer than ``ratio`` screen px per px of their own are not shown: with 0.9, the
    level is the one whose px are screen px.
    """

    x: int
    y: int
    zoom: float
    ratio: float = 0.9


# Shows a place of a slide in three ways: the viewer's own, Deep Zoom, IIIF.
Show = Callable[[str, Place], tuple[Pixels, ...]]

# Shows a tile source at a place and resolves when every tile of the view is drawn.
SHOW = """([source, size, place]) => new Promise((resolve, reject) => {
    window.shown?.destroy();
    const element = document.getElementById('viewer');
    element.style.width = `${size[0]}px`;
    element.style.height = `${size[1]}px`;
    const viewer = window.shown = new OpenSeadragon.Viewer({
        element, tileSources: [source], animationTime: 0, blendTime: 0, minPixelRatio: place.ratio,
        maxTilesPerFrame: 24, minZoomImageRatio: 0.1, maxZoomPixelRatio: 4,
        showNavigationControl: false,
    });
    viewer.addHandler('open-failed', (event) => reject(new Error(event.message)));
    viewer.addHandler('tile-load-failed', (event) => reject(new Error(event.tile.getUrl())));
    viewer.addOnceHandler('open', () => {
        const viewport = viewer.viewport;
        viewport.zoomTo(viewport.imageToViewportZoom(place.zoom), undefined, true);
        viewport.panTo(viewport.imageToViewportCoordinates(place.x, place.y), true);
        const image = viewer.world.getItemAt(0);
        const done = () => requestAnimationFrame(() => requestAnimationFrame(() => resolve()));
        image.addHandler('fully-loaded-change', ({fullyLoaded}) => fullyLoaded && done());
        if (image.getFullyLoaded()) done();
    });
})"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    try:
        web_folder()
    except SettingsError as error:
        pytest.skip(str(error))
    if not OPENSEADRAGON.is_file():
        pytest.skip("web/node_modules is not installed: run make web")
    folder = tmp_path_factory.mktemp("slides")
    for name, size in SIZES.items():
        make_svs(folder / name, size=size, levels=(1, 4), quality=95)
    with real.serving(folder, tmp_path_factory.mktemp("cache")) as served:
        yield served


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 900, "height": 700})
    opened = context.new_page()
    errors: list[str] = []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    yield opened
    context.close()
    assert errors == []


def read(page: Page) -> Pixels:
    """Return the px of the picture on screen, height x width x RGB."""
    width, height, data = page.evaluate(READ_PICTURE)
    pixels = np.frombuffer(base64.b64decode(data), np.uint8).reshape(height, width, 4)
    return pixels[..., :3].astype(np.int16)


def in_the_viewer(page: Page, address: str, slide: str, place: Place) -> Pixels:
    """Show a place in the viewer's own page, by its own tile source."""
    page.goto(f"{address}/viewer.html?slide={slide}#x={place.x}&y={place.y}&z={place.zoom}")
    page.wait_for_selector(READY)
    page.wait_for_timeout(200)  # two frames and some: the last tile is drawn after it has come
    return read(page)


def in_openseadragon(page: Page, source: str, shape: Pixels, place: Place) -> Pixels:
    """Show a place in a bare page, by one of OpenSeadragon's own tile sources."""
    height, width = shape.shape[:2]
    page.evaluate(SHOW, [source, [width, height], vars(place)])
    return read(page)


@pytest.fixture
def three(page: Page, address: str) -> Show:
    def show(name: str, place: Place) -> tuple[Pixels, ...]:
        slide = keys.SlideKey(SOURCE, name).slide_id
        own = in_the_viewer(page, address, slide, place)
        page.route("**/bare.html", lambda route: route.fulfill(body=BARE, content_type="text/html"))
        page.goto(f"{address}/bare.html")
        page.add_script_tag(path=OPENSEADRAGON)
        deep_zoom = in_openseadragon(page, f"{address}/slides/{slide}.dzi", own, place)
        iiif = in_openseadragon(page, f"{address}/iiif/3/{slide}/info.json", own, place)
        return own, deep_zoom, iiif

    return show


# Where all show the very same tiles: level 0 anywhere, its cut edges too, and a level that is
# exactly a quarter.
SAME_TILES = [
    (EXACT, Place(2000, 1600, 1)),
    (EXACT, Place(3700, 2950, 1)),
    (EXACT, Place(3000, 2400, 0.25)),
    (FLOORED, Place(3700, 2950, 1)),
]
# Where some make what others stretch: half, and between levels; a quarter of a floored level.
OTHER_TILES = [
    (EXACT, Place(2000, 1600, 0.5)),
    (EXACT, Place(2000, 1600, 0.37, 0.5)),
    (FLOORED, Place(3000, 2400, 0.25)),
    (FLOORED, Place(2000, 1600, 0.5)),
    (FLOORED, Place(2000, 1600, 0.125)),
]


@pytest.mark.parametrize(("name", "place"), SAME_TILES)
def test_the_same_tiles_are_the_same_pixels_whoever_shows_them(
    name: str, place: Place, three: Show
) -> None:
    own, deep_zoom, iiif = three(name, place)
    assert own[..., :2].std() > 5  # a picture
    assert np.array_equal(own, deep_zoom)
    assert np.array_equal(own, iiif)


@pytest.mark.parametrize(("name", "place"), OTHER_TILES)
def test_other_tiles_are_the_same_picture_at_the_same_place(
    name: str, place: Place, three: Show
) -> None:
    own, *others = three(name, place)
    assert own[..., :2].std() > 5
    for other in others:
        # Red and green tell the place, blue marks the stored tiles by hard edges.
        assert np.abs(own - other)[..., :2].mean() < 2
        assert np.abs(own - other)[..., 2].mean() < 5
        # What a rounded level leaves out, less than one of its px, some spread over all of them.
        assert max(map(abs, shift(own, other))) <= (1 if name == FLOORED else 0)


def shift(one: Pixels, other: Pixels) -> tuple[int, int]:
    """Return how many px right and down the other picture fits the first one best."""
    reach = 3
    inside = slice(reach, -reach)
    steps = range(-reach, reach + 1)
    misfit = {
        (x, y): np.abs(one - np.roll(other, (y, x), (0, 1)))[inside, inside].sum()
        for x in steps
        for y in steps
    }
    return min(misfit, key=lambda step: misfit[step])
