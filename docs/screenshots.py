"""Remakes the pictures in docs/images from the sample slides: `make screenshots`."""

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, ViewportSize

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.support import browser as real

ROOT = Path(__file__).parents[1]
IMAGES = ROOT / "docs" / "images"
SIZE: ViewportSize = {"width": 1280, "height": 800}


def main() -> int:
    """Take the pictures; exit 1 when there is no browser."""
    executable = real.chromium()
    if executable is None:
        print("no Chromium on this machine: apt-get install chromium", file=sys.stderr)
        return 1
    IMAGES.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as cache,
        real.serving(ROOT / "sample-data" / "slides", Path(cache)) as address,
        real.browser(executable) as browser,
    ):
        page = browser.new_page(viewport=SIZE)
        take_list(page, address)
        take_viewer(page)
    return 0


def take_list(page: Page, address: str) -> None:
    """Picture the list once all thumbnails are there."""
    page.goto(address)
    page.wait_for_selector("#slides > li")
    page.wait_for_load_state("networkidle")
    page.screenshot(path=IMAGES / "list.png")


def take_viewer(page: Page) -> None:
    """Picture a slide, some steps in, with its details."""
    page.get_by_role("link", name="breast-he.svs").first.click()
    page.wait_for_selector("#viewer[data-state=ready]")
    page.locator("#viewer").focus()
    for _ in range(4):
        page.keyboard.press("+")
    page.keyboard.press("d")
    page.wait_for_timeout(1500)  # the zoom is animated, and new tiles fade in
    page.wait_for_selector("#viewer[data-state=ready]")
    page.screenshot(path=IMAGES / "viewer.png")


if __name__ == "__main__":
    sys.exit(main())
