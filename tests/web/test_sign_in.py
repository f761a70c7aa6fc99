"""Signing in and out in a real browser, at an edge that checks every token and cookie."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from labsight.api.web import web_folder
from labsight.errors import SettingsError
from tests.support.edge_program import edge_beside
from tests.support.sign_in import sign_in

AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
COOKIES = {"CloudFront-Policy", "CloudFront-Signature", "CloudFront-Key-Pair-Id"}


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    try:
        web = web_folder()
    except SettingsError as error:
        pytest.skip(str(error))
    with edge_beside(web) as served:
        yield served


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    opened = chromium.new_context()
    yield opened
    opened.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A page that tolerates no error of its own and no refused request."""
    opened = context.new_page()
    errors: list[str] = []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    opened.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    yield opened
    assert errors == []


def refresh_token(page: Page) -> str:
    token: str = page.evaluate("sessionStorage.getItem('labsight.refresh')")
    return token


def test_the_page_asked_for_comes_after_the_sign_in(page: Page, address: str) -> None:
    page.goto(f"{address}/?q=a&state=imported")
    sign_in(page)
    expect(page).to_have_url(f"{address}/?q=a&state=imported")
    expect(page.locator("#account")).to_contain_text("technician@example.org")
    expect(page.locator("#slides > li").filter(has_text="a.svs")).to_have_count(1)


def test_tile_cookies_are_there_before_the_first_picture(
    page: Page, context: BrowserContext, address: str
) -> None:
    page.goto(address)
    sign_in(page)
    expect(page.locator("#slides img")).to_have_js_property("naturalWidth", 1)
    kept = {cookie["name"]: cookie for cookie in context.cookies() if "name" in cookie}
    assert kept.keys() >= COOKIES
    # Chromium takes Secure cookies from the loopback address, as it is.
    assert all(kept[name]["secure"] and kept[name]["httpOnly"] for name in COOKIES)


def test_a_reload_and_another_page_ask_nobody_again(page: Page, address: str) -> None:
    page.goto(address)
    sign_in(page)
    visited: list[str] = []
    page.on("framenavigated", lambda frame: visited.append(frame.url))
    page.reload()
    expect(page.locator("#account")).to_be_visible()
    expect(page.locator("#slides > li")).to_have_count(1)
    assert not any("/oauth2/" in url for url in visited)


def test_a_sign_in_that_ended_is_begun_anew_at_the_same_place(page: Page, address: str) -> None:
    page.goto(f"{address}/?q=svs")
    sign_in(page)
    page.evaluate("sessionStorage.clear()")
    page.reload()
    page.wait_for_url(re.compile("/oauth2/authorize"))
    page.get_by_role("button", name="viewer", exact=True).click()
    expect(page.locator("#account")).to_contain_text("viewer@example.org")
    expect(page).to_have_url(f"{address}/?q=svs")


def test_signing_out_ends_cookies_and_tokens(
    page: Page, context: BrowserContext, address: str
) -> None:
    page.goto(address)
    sign_in(page)
    expect(page.locator("#slides > li")).to_have_count(1)
    assert refresh_token(page)
    page.get_by_role("button", name="Sign out").click()
    expect(page.locator("#notice")).to_contain_text("You are signed out")
    expect(page.locator("#account")).to_be_hidden()
    assert not refresh_token(page)
    assert "CloudFront-Policy" not in {cookie.get("name") for cookie in context.cookies()}
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(re.compile("/oauth2/authorize"))


def test_a_link_with_somebody_elses_answer_signs_nobody_in(page: Page, address: str) -> None:
    page.goto(f"{address}/?code=theirs&state=theirs")
    expect(page.locator("#notice")).to_contain_text("This sign-in is not finished")
    expect(page).to_have_url(f"{address}/")
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(re.compile("/oauth2/authorize"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_pages_are_accessible(scheme: str, chromium: Browser, address: str) -> None:
    if not AXE.is_file():
        pytest.skip("web/node_modules is not installed: run make web")
    context = chromium.new_context(color_scheme="dark" if scheme == "dark" else "light")
    page = context.new_page()
    page.goto(address)
    page.wait_for_url(re.compile("/oauth2/authorize"))
    assert violations(page) == []
    sign_in(page)
    page.wait_for_selector("#slides > li")
    assert violations(page) == []
    page.goto(f"{address}/viewer.html?slide=a")
    page.wait_for_selector("#account:not([hidden])")
    assert violations(page) == []
    context.close()


def violations(page: Page) -> list[str]:
    """Run axe; it is evaluated by the test's own channel, which the page's policy does not bind."""
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run()")["violations"]
    return [f"{one['id']}: {[node['html'][:120] for node in one['nodes']]}" for one in found]
