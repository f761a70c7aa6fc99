"""How a slide looks: channels, focal planes, times and colours, in a real browser."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from labsight.api.web import web_folder
from labsight.errors import SettingsError
from tests.support import browser as real
from tests.support.made_tiffs import make_ome

READY = "#viewer[data-state=ready]"
AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
STAINED = "stained.ome.tiff"
STACK, PROFILED = "ome-4D-series.ome.tiff", "TCGA-CR-7395-01A-01-TS1.svs"
# The mean of a quarter of the picture: red, green, blue.
MEAN = """([across, down]) => {
    const shown = document.querySelector('#viewer canvas');
    const copy = document.createElement('canvas');
    copy.width = copy.height = 2;
    const context = copy.getContext('2d');
    const [width, height] = [shown.width / 8, shown.height / 8];
    context.drawImage(shown, shown.width * across, shown.height * down, width, height, 0, 0, 2, 2);
    return [...context.getImageData(0, 0, 1, 1).data].slice(0, 3);
}"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    try:
        web_folder()
    except SettingsError as error:
        pytest.skip(str(error))
    folder = tmp_path_factory.mktemp("slides")
    (folder / STAINED).write_bytes(stained())
    with real.serving(folder, tmp_path_factory.mktemp("cache")) as served:
        yield served


def stained() -> bytes:
    """Return two channels of 16 bits at three z: the left half in blue, the right half in green.

    The middle is the brightest: import takes the window from there.
    """
    pixels = np.full((3, 2, 600, 800), 100, np.uint16)
    for z, bright in enumerate((800, 2000, 1400)):
        pixels[z, 0, :, :400] = bright
        pixels[z, 1, :, 400:] = bright
    metadata = {
        "axes": "ZCYX",
        "Channel": {"Name": ["DAPI", "FITC"], "Color": [0x0000FFFF, 0x00FF00FF]},
        "PhysicalSizeX": 0.5,
        "PhysicalSizeXUnit": "µm",
        "PhysicalSizeY": 0.5,
        "PhysicalSizeYUnit": "µm",
        "PhysicalSizeZ": 2.0,
        "PhysicalSizeZUnit": "µm",
    }
    return make_ome(pixels, metadata=metadata, tile=(256, 256), compression="zlib")


@pytest.fixture
def real_address(real_data: Path, tmp_path: Path) -> Iterator[str]:
    """Slides of real scanners and microscopes."""
    folder = tmp_path / "slides"
    shutil.copytree(real_data / "slides" / "dicom-wg26-FluorCell", folder / "FluorCell")
    for name in (STACK, PROFILED):
        shutil.copy(real_data / "slides" / name, folder)
    with real.serving(folder, tmp_path / "cache") as served:
        yield served


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A page that tolerates no error of its own and no refused request."""
    context = chromium.new_context(viewport={"width": 1280, "height": 800})
    opened = context.new_page()
    errors: list[str] = []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    opened.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    yield opened
    context.close()
    assert errors == []


def show(page: Page, address: str, name: str = STAINED) -> None:
    listed = page.request.get(f"{address}/api/slides").json()["items"]
    slide = next(one["id"] for one in listed if name in one["path"].split("/"))
    page.goto(f"{address}/viewer.html?slide={slide}")
    settle(page)


def settle(page: Page) -> None:
    page.wait_for_selector(READY)
    page.wait_for_timeout(150)  # the old picture goes two frames after the new one has come


def left(page: Page) -> list[int]:
    return list(page.evaluate(MEAN, [0.35, 0.5]))


def right(page: Page) -> list[int]:
    return list(page.evaluate(MEAN, [0.6, 0.5]))


def test_each_channel_is_shown_in_its_colour(page: Page, address: str) -> None:
    show(page, address)
    assert left(page)[2] > 100
    assert left(page)[1] < 40
    assert right(page)[1] > 100
    assert right(page)[2] < 40


def test_a_channel_is_switched_off_recoloured_and_back(page: Page, address: str) -> None:
    show(page, address)
    before = left(page), right(page)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.get_by_role("switch", name="DAPI").click()
    settle(page)
    assert max(left(page)) < 40
    assert right(page) == before[1]
    tiles = [url for url in asked if "/tiles/" in url]
    assert tiles
    assert all(url.endswith("&channels=1") for url in tiles)
    page.get_by_label("Colour of FITC").fill("#ff0000")
    settle(page)
    assert right(page)[0] > 100
    assert right(page)[1] < 40
    page.get_by_role("button", name="Reset").click()
    settle(page)
    assert (left(page), right(page)) == before


def test_the_old_picture_stays_until_the_new_one_is_there(page: Page, address: str) -> None:
    show(page, address)
    page.evaluate(
        """() => {
            window.seen = [];
            const shown = document.querySelector('#viewer canvas');
            const copy = document.createElement('canvas');
            copy.width = copy.height = 1;
            const context = copy.getContext('2d', {willReadFrequently: true});
            const look = () => {
                const [x, y] = [shown.width * 0.6, shown.height / 2];
                context.drawImage(shown, x, y, 1, 1, 0, 0, 1, 1);
                window.seen.push(context.getImageData(0, 0, 1, 1).data[1]);
                requestAnimationFrame(look);
            };
            requestAnimationFrame(look);
        }"""
    )
    for key in "11":
        page.keyboard.press(key)
        settle(page)
    seen = page.evaluate("window.seen")
    assert len(seen) > 5
    assert min(seen) > 100  # green is in both pictures, and so in every frame


def test_the_window_is_set_by_slider_and_by_number(page: Page, address: str) -> None:
    show(page, address)
    white = page.get_by_label("White point of DAPI", exact=True)
    before = left(page)[2]
    page.get_by_label("White point of DAPI, as a number").fill("20000")
    page.keyboard.press("Enter")
    settle(page)
    assert left(page)[2] < before / 3
    assert white.input_value() == "20000"
    white.focus()
    page.keyboard.press("ArrowLeft")
    settle(page)
    assert white.input_value() == "19999"
    expect(page.get_by_label("White point of DAPI, as a number")).to_have_value("19999")


def test_the_focus_follows_slider_keys_and_wheel(page: Page, address: str) -> None:
    show(page, address)
    readout = page.locator(".stepper output")
    expect(readout).to_have_text("2 / 3 · ±0 µm")
    middle = left(page)[2]
    page.keyboard.press("]")
    settle(page)
    expect(readout).to_have_text("3 / 3 · +2 µm")
    upper = left(page)[2]
    assert upper < middle - 20
    slider = page.get_by_role("slider", name="Focal plane")
    slider.fill("0")
    settle(page)
    expect(readout).to_have_text("1 / 3 · \N{MINUS SIGN}2 µm")
    assert left(page)[2] < upper - 20
    page.mouse.move(640, 400)
    page.keyboard.down("Shift")
    page.mouse.wheel(0, -100)
    page.keyboard.up("Shift")
    expect(readout).to_have_text("2 / 3 · ±0 µm")
    settle(page)
    assert left(page)[2] == middle


def test_a_link_brings_the_look_back(page: Page, address: str) -> None:
    show(page, address)
    page.get_by_role("switch", name="FITC").click()
    page.keyboard.press("[")
    page.wait_for_url(re.compile(r"#channels=0&focus=0$"))
    settle(page)
    shown, link = (left(page), right(page)), page.url
    page.goto("about:blank")
    page.goto(link)
    settle(page)
    assert (left(page), right(page)) == shown
    expect(page.get_by_role("switch", name="FITC")).not_to_be_checked()
    page.evaluate("location.hash = ''")
    settle(page)
    expect(page.get_by_role("switch", name="FITC")).to_be_checked()
    assert right(page)[1] > 100


def test_the_usual_look_keeps_the_usual_addresses(page: Page, address: str) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    show(page, address)
    tiles = [url for url in asked if "/tiles/" in url]
    assert tiles
    assert all(re.search(r"\.jpg\?v=[0-9a-f]{8}$", url) for url in tiles)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_panel_is_accessible(scheme: str, chromium: Browser, address: str) -> None:
    if not AXE.is_file():
        pytest.skip("web/node_modules is not installed: run make web")
    context = chromium.new_context(color_scheme="dark" if scheme == "dark" else "light")
    page = context.new_page()
    show(page, address)
    expect(page.get_by_role("switch", name="DAPI")).to_be_visible()
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run()")["violations"]
    assert [(one["id"], one["nodes"][0]["html"]) for one in found] == []
    context.close()


def test_a_small_screen_begins_with_the_picture(chromium: Browser, address: str) -> None:
    context = chromium.new_context(viewport={"width": 390, "height": 780}, has_touch=True)
    page = context.new_page()
    show(page, address)
    switch = page.get_by_role("switch", name="DAPI")
    expect(switch).to_be_hidden()
    page.get_by_role("button", name="Channels").tap()
    expect(switch).to_be_visible()
    box = page.locator("#look").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    context.close()


def test_real_slides_are_shown_by_channel_plane_and_profile(page: Page, real_address: str) -> None:
    show(page, real_address, "FluorCell")
    expect(page.get_by_role("switch")).to_have_count(4)  # three channels, and true colours
    page.get_by_role("button", name="Only DAPI (Blue)").click()
    settle(page)
    assert max(left(page)[:2]) <= 2

    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    show(page, real_address, STACK)
    for key, query in (("]", "&z=3"), (".", "&z=3&t=1"), ("[", "&t=1"), (",", "")):
        page.keyboard.press(key)
        settle(page)
        assert any(url.endswith(query) for url in asked)
    page.wait_for_url(re.compile("viewer.html[^#]*$"))

    show(page, real_address, PROFILED)
    page.keyboard.press("c")
    page.get_by_role("switch", name="True colours (sRGB)").click()
    page.wait_for_url(re.compile("#colours=srgb$"))
    settle(page)
    assert any(url.endswith("&icc=srgb") for url in asked)
