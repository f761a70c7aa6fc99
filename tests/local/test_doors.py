"""What answers at the address, as the program declares it."""

import http.client
import io
from contextlib import closing
from pathlib import Path

from tests.support.edge_program import edge, run_edge


def test_a_declared_index_leaves_the_built_files_out(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("built index.html")
    (tmp_path / "viewer.html").write_text("built viewer.html")
    log = io.StringIO()
    with run_edge(tmp_path, log, siteObjects="index") as platform:
        connection = http.client.HTTPConnection(platform.address.removeprefix("http://"))
        with closing(connection):
            connection.request("GET", "/")
            assert connection.getresponse().read() == b"declared"
            connection.request("GET", "/viewer.html")
            assert connection.getresponse().status == 403


def test_keys_are_not_shown_among_the_settings() -> None:
    told = "\n".join(edge().overrides)
    assert "edge:privateKey = (a key)" in told
    assert "BEGIN" not in told
