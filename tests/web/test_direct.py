"""The viewer reads tiles straight out of the bucket, and shows what the server would have sent."""

import base64
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Browser, Page

from labsight.api.web import web_folder
from labsight.errors import SettingsError
from tests.support import open_bucket, range_server
from tests.support.browser import READ_PICTURE
from tests.support.made_slides import make_svs
from tests.support.made_tiffs import make_pyramid
from tests.support.open_bucket import OpenBucket

READY = "#viewer[data-state=ready]"
TILE = re.compile(r"/slides/[a-z2-7]{16}/tiles/")


@pytest.fixture(scope="module")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenBucket]:
    try:
        web_folder()
    except SettingsError as error:
        pytest.skip(str(error))
    with open_bucket.serving(tmp_path_factory.mktemp("open")) as served:
        yield served


@pytest.fixture
def slide(bucket: OpenBucket) -> Iterator[str]:
    """A pyramid whose tiles at the far edges are filled up, with nothing that names anybody."""
    made = make_pyramid(size=(2000, 1300), factors=(1, 2, 4))
    yield bucket.imported("open.tif", made.content)
    bucket.files.odd.clear()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 1280, "height": 800})
    opened = context.new_page()
    errors: list[str] = []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    yield opened
    context.close()
    assert errors == []


def asked_for(page: Page) -> list[str]:
    """Note the addresses that the page asks for from now on."""
    addresses: list[str] = []
    page.on("request", lambda request: addresses.append(request.url))
    return addresses


def picture(page: Page, bucket: OpenBucket, slide: str, place: str = "") -> NDArray[np.int16]:
    """Show a slide and return the px of the picture, height x width x RGB."""
    page.goto("about:blank")
    page.goto(f"{bucket.address}/viewer.html?slide={slide}{place}")
    page.wait_for_selector(READY)
    page.wait_for_timeout(200)  # the last tile is drawn a frame after it has come
    width, height, data = page.evaluate(READ_PICTURE)
    pixels = np.frombuffer(base64.b64decode(data), np.uint8).reshape(height, width, 4)
    return pixels[..., :3].astype(np.int16)


@pytest.mark.parametrize(
    ("place", "at_edges"),
    [("", True), ("#x=1800&y=1200&z=1", True), ("#x=1000&y=650&z=1.5", False)],
)
def test_the_picture_is_the_one_that_the_server_sends(
    page: Page, bucket: OpenBucket, slide: str, place: str, *, at_edges: bool
) -> None:
    addresses = asked_for(page)
    bucket.files.asked.clear()
    direct = picture(page, bucket, slide, place)
    assert not any(TILE.search(address) for address in addresses)
    assert bucket.files.asked
    page.route("**/direct.json", lambda route: route.abort())
    served = picture(page, bucket, slide, place)
    assert any(TILE.search(address) for address in addresses)
    apart = np.abs(direct - served)
    # The server encodes the tiles of the far edges anew, cut to size; others are the same bytes.
    assert apart.mean() < 0.05
    assert apart.max() <= (16 if at_edges else 0)
    assert direct.std() > 20


def test_neighbours_come_with_one_request_and_without_a_preflight(
    page: Page, bucket: OpenBucket, slide: str
) -> None:
    bucket.files.asked.clear()
    picture(page, bucket, slide, "#x=1000&y=700&z=1")
    asked = bucket.files.asked
    assert {method for method, _, _ in asked} == {"GET"}
    assert all(re.fullmatch(r"bytes=\d+-\d+", headers["range"]) for _, _, headers in asked)
    assert not any("cookie" in headers or "referer" in headers for _, _, headers in asked)
    tiles = 6 * 4  # of 256 px on the screen, at least
    assert 0 < len(asked) < tiles


def test_addresses_that_ran_out_are_renewed(page: Page, bucket: OpenBucket, slide: str) -> None:
    addresses = asked_for(page)
    bucket.files.odd.append(range_server.failing(403, "AccessDenied"))
    assert picture(page, bucket, slide).std() > 20
    assert sum(address.endswith("/direct.json") for address in addresses) == 2
    assert not any(TILE.search(address) for address in addresses)


@pytest.mark.parametrize("fault", ["changed", "hidden", "whole", "gone"])
def test_the_server_steps_in_when_the_bucket_fails(
    page: Page, bucket: OpenBucket, slide: str, fault: str
) -> None:
    files = bucket.files
    paths = [path for path in files.contents if path.endswith("open.tif")]
    kept, addresses = (dict(files.etags), dict(files.contents)), asked_for(page)
    try:
        for path in paths:
            files.etags[path] = {"changed": '"another"', "hidden": None}.get(fault, kept[0][path])
            if fault == "gone":
                del files.contents[path]
        files.ranges = fault != "whole"
        assert picture(page, bucket, slide).std() > 20
        assert any(TILE.search(address) for address in addresses)
    finally:
        files.etags, files.contents, files.ranges = *kept, True


def test_a_slide_with_a_label_is_not_read_directly(
    page: Page, bucket: OpenBucket, tmp_path: Path
) -> None:
    file = make_svs(tmp_path / "named.svs", label="S26-9;B1;1")
    addresses = asked_for(page)
    assert picture(page, bucket, bucket.imported("named.svs", file.read_bytes())).std() > 20
    assert any(TILE.search(address) for address in addresses)
    assert not any(address.endswith("/direct.json") for address in addresses)
