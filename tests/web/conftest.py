"""One browser for the tests of a file."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.support import browser as real


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The installed Chromium, without a window."""
    executable = real.chromium()
    if executable is None:
        pytest.skip("no Chromium on this machine: apt-get install chromium")
    with real.browser(executable) as started:
        yield started
