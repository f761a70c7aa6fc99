"""The report's page in a real browser: on a desk, on a phone, by day and by night."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser

from labsight_lab.sync.journal.entries import State
from labsight_lab.sync.telling import inventory
from labsight_lab.sync.telling.inventory import ReportOptions
from tests.lab.sync.telling.made import open_for, row, target
from tests.support import browser as real
from tests.support.repository import ROOT

Scheme = Literal["light", "dark"]
AXE = ROOT / "web/node_modules/axe-core/axe.min.js"
LONG = "2026/" + "a name without any blank " * 5 + "x" * 120 + ".svs"


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The installed Chromium, without a window."""
    executable = real.chromium()
    if executable is None:
        pytest.skip("no Chromium on this machine: apt-get install chromium")
    with real.browser(executable) as started:
        yield started


@pytest.fixture
def address(tmp_path: Path) -> str:
    aim = target(tmp_path / "slides", tmp_path / "j.sqlite")
    journal = open_for(aim)
    journal.write([row(f"2026/{n}.svs", State.VERIFIED) for n in range(30)])
    journal.write([row(LONG), row("b.svs", State.FAILED, reason="why " * 40)])
    journal.write([row("s1.mrxs", unit="s1/"), row("s1/0.dat", unit="s1/"), row("s1/")])
    journal.close()
    inventory.run(ReportOptions(target=aim, html=tmp_path / "r.html"))
    return (tmp_path / "r.html").as_uri()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_everybody_can_read_it(chromium: Browser, address: str, width: int, scheme: Scheme) -> None:
    if not AXE.exists():
        pytest.skip("axe-core is not installed: npm ci in web")
    page = chromium.new_page(viewport={"width": width, "height": 800})
    page.emulate_media(color_scheme=scheme)
    page.goto(address)
    page.add_script_tag(path=AXE)
    found = page.evaluate("axe.run().then(told => told.violations.map(one => one.id))")
    assert found == []
    page.close()


@pytest.mark.parametrize("width", [390, 1280])
def test_only_tables_are_moved_sideways(chromium: Browser, address: str, width: int) -> None:
    page = chromium.new_page(viewport={"width": width, "height": 800})
    page.goto(address)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    page.close()


def test_reasons_can_be_read_on_a_phone(chromium: Browser, address: str) -> None:
    page = chromium.new_page(viewport={"width": 480, "height": 900})
    page.goto(address)
    inside, outside, why = page.evaluate("""() => {
        const region = document.querySelector("[aria-labelledby=wrong]");
        const why = region.querySelector(".why").getBoundingClientRect();
        return [region.scrollWidth, region.clientWidth, why.width];
    }""")
    assert inside == outside, "nothing has to be moved sideways"
    assert why > 350
    page.close()


def test_it_is_dark_where_the_reader_wants_it_so(chromium: Browser, address: str) -> None:
    grounds = []
    schemes: tuple[Scheme, ...] = ("light", "dark")
    for scheme in schemes:
        page = chromium.new_page()
        page.emulate_media(color_scheme=scheme)
        page.goto(address)
        grounds.append(page.evaluate("getComputedStyle(document.body).backgroundColor"))
        page.close()
    assert grounds == ["rgb(255, 255, 255)", "rgb(20, 24, 29)"]


def test_on_paper_nothing_is_cut_off(chromium: Browser, address: str) -> None:
    a4 = 703  # CSS px between the margins
    page = chromium.new_page(viewport={"width": a4, "height": 1000})
    page.emulate_media(media="print")
    page.goto(address)
    assert page.evaluate("document.documentElement.scrollWidth") == a4
    page.close()
