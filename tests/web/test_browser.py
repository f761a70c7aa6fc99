"""The pages in a real browser, over real slides."""

import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from labsight.api.web import web_folder
from labsight.errors import SettingsError
from tests.support import browser as real
from tests.support.made_slides import make_svs

READY = "#viewer[data-state=ready]"
AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    try:
        web_folder()
    except SettingsError as error:
        pytest.skip(str(error))
    folder = tmp_path_factory.mktemp("slides")
    make_svs(folder / "first.svs", size=(3000, 2000), levels=(1, 4))
    make_svs(folder / "second.svs", size=(1001, 701), levels=(1, 4), label="S26-9;B1;1")
    shutil.copy(folder / "second.svs", folder / "<img src=x onerror=alert(1)>.svs")
    (folder / "broken.svs").write_bytes(b"not a slide")
    with real.serving(folder, tmp_path_factory.mktemp("cache")) as served:
        yield served


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A page that tolerates no error of its own and no refused request."""
    context = chromium.new_context(viewport={"width": 1280, "height": 800})
    opened = context.new_page()
    errors: list[str] = []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    opened.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    opened.on("dialog", lambda dialog: errors.append(f"dialog: {dialog.message}"))
    yield opened
    context.close()
    assert errors == []


def open_slide(page: Page, address: str, name: str) -> None:
    page.goto(address)
    page.get_by_role("link", name=re.compile(re.escape(name))).first.click()
    page.wait_for_selector(READY)


def test_the_list_shows_every_slide_with_its_picture_or_its_reason(
    page: Page, address: str
) -> None:
    page.goto(address)
    rows = page.locator("#slides > li")
    expect(rows).to_have_count(4)
    expect(rows.filter(has_text="first.svs")).to_contain_text("S26-1")
    expect(rows.filter(has_text="broken.svs")).to_contain_text("No reader knows this file")
    # Asked again from here: a function that waits inside the page is evaluated there, which the
    # page's own security policy refuses from the second time on.
    loaded = "[...document.querySelectorAll('#slides img')].filter(i => i.naturalWidth > 0).length"
    deadline = time.monotonic() + 30
    while page.evaluate(loaded) != 3 and time.monotonic() < deadline:
        page.wait_for_timeout(50)
    assert page.evaluate(loaded) == 3


def test_a_name_that_is_markup_stays_text(page: Page, address: str) -> None:
    page.goto(address)
    expect(page.locator("#slides")).to_contain_text("<img src=x onerror=alert(1)>.svs")
    assert page.locator("#slides img[src=x]").count() == 0


def test_a_search_narrows_the_list_and_stands_in_the_address(page: Page, address: str) -> None:
    page.goto(address)
    page.get_by_role("searchbox").fill("second")
    expect(page.locator("#slides > li")).to_have_count(1)
    assert "q=second" in page.url
    page.goto(f"{address}/?q=nothing-like-it")
    expect(page.locator("#slides > li")).to_have_count(0)


def test_a_slide_opens_and_shows_the_right_pixels(page: Page, address: str) -> None:
    open_slide(page, address, "first.svs")
    left, right = (
        page.evaluate(
            """(share) => {
                const canvas = document.querySelector('#viewer canvas');
                const copy = document.createElement('canvas');
                copy.width = canvas.width; copy.height = canvas.height;
                const context = copy.getContext('2d');
                context.drawImage(canvas, 0, 0);
                const place = [canvas.width * share, canvas.height / 2];
                return [...context.getImageData(...place, 1, 1).data];
            }""",
            share,
        )
        for share in (0.35, 0.65)
    )
    # The made slides grow redder to the right; green is half way up in the middle.
    assert right[0] > left[0] + 30
    assert 90 < left[1] < 170


def test_the_view_is_in_the_address_and_comes_back(page: Page, address: str) -> None:
    open_slide(page, address, "first.svs")
    page.locator("#viewer").focus()
    for _ in range(3):
        page.keyboard.press("+")
    page.wait_for_url(re.compile("z="))
    page.wait_for_selector(READY)
    shown = page.url
    zoom = re.search(r"z=([0-9.]+)", shown)
    assert zoom is not None
    page.goto("about:blank")
    page.goto(shown)
    page.wait_for_selector(READY)
    again = re.search(r"z=([0-9.]+)", page.url)
    assert again is not None
    assert float(again[1]) == pytest.approx(float(zoom[1]), rel=0.02)


def test_the_scale_bar_follows_the_zoom(page: Page, address: str) -> None:
    open_slide(page, address, "first.svs")
    bar = page.locator("#scalebar")
    expect(bar).to_be_visible()
    before = bar.inner_text()
    page.locator("#viewer").focus()
    for _ in range(4):
        page.keyboard.press("+")
    expect(bar).not_to_have_text(before)
    assert re.search(r"(µm|mm)", bar.inner_text())


def test_a_pyramid_with_odd_level_sizes_opens_too(page: Page, address: str) -> None:
    requested: list[str] = []
    page.on("response", lambda answer: requested.append(f"{answer.status} {answer.url}"))
    open_slide(page, address, "second.svs")
    assert any("/tiles/" in line for line in requested)
    assert all(line.startswith(("200", "304")) for line in requested)


def test_an_unknown_slide_is_said(chromium: Browser, address: str) -> None:
    context = chromium.new_context()
    page = context.new_page()
    page.goto(f"{address}/viewer.html?slide=aaaaaaaaaaaaaaaa")
    page.wait_for_selector("#viewer[data-state=error]", state="attached")
    expect(page.locator("#notice")).to_contain_text("aaaaaaaaaaaaaaaa")
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_pages_are_accessible(scheme: str, chromium: Browser, address: str) -> None:
    if not AXE.is_file():
        pytest.skip("web/node_modules is not installed: run make web")
    context = chromium.new_context(color_scheme="dark" if scheme == "dark" else "light")
    page = context.new_page()
    page.goto(address)
    page.wait_for_selector("#slides > li")
    assert violations(page) == []
    open_slide(page, address, "first.svs")
    assert violations(page) == []
    context.close()


def violations(page: Page) -> list[str]:
    """Run axe; it is evaluated by the test's own channel, which the page's policy does not bind."""
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run()")["violations"]
    return [f"{one['id']}: {[node['html'][:120] for node in one['nodes']]}" for one in found]
