"""A folder served to odd callers: no failure, no file that is not meant for them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from labsight.api.web import web_folder
from labsight.errors import SettingsError
from tests.support import browser as real
from tests.support import odd_requests
from tests.support.made_slides import make_svs


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    try:
        web_folder()
    except SettingsError as error:
        pytest.skip(str(error))
    folder = tmp_path_factory.mktemp("slides")
    make_svs(folder / "a.svs")
    (folder / "broken.svs").write_bytes(b"not a slide")
    with real.serving(folder, tmp_path_factory.mktemp("cache"), show_labels=False) as served:
        yield served


def test_two_thousand_odd_requests_do_not_fail_the_server(address: str) -> None:
    seen = odd_requests.ask_oddly(address, odd_requests.listed_ids(address))
    assert seen[200] > 100
    assert seen[404] > 100
    assert odd_requests.listed_ids(address)


def test_the_server_is_closed_to_other_files(address: str, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    for path in (f"/..{tmp_path}/secret", f"/assets/../../../../..{tmp_path}/secret"):
        for written in (path, path.replace("..", "%2e%2e"), path.replace("/", "%2f")):
            line = f"GET /{written.lstrip('/')} HTTP/1.1"
            request = f"{line}\r\nHost: localhost\r\nConnection: close\r\n\r\n"
            status, _, body = odd_requests.exchange(address, request.encode())
            assert status in {400, 404}
            assert b"secret" not in body or b"detail" in body
