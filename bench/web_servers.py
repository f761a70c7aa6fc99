"""The two web servers that are compared, on loopback: ours, and iipsrv behind lighttpd."""

import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.folders import CACHE, NotMeasured
from bench.processes import server
from labsight.keys import SlideKey

IIPSRV = Path("/usr/lib/iipimage-server/iipsrv.fcgi")
_SOURCE = "folder"  # of `labsight serve`
_START_SECONDS = 60.0

_LIGHTTPD = """
server.modules = ("mod_fastcgi")
server.document-root = "{folder}"
server.upload-dirs = ("{folder}")
server.bind = "127.0.0.1"
server.port = {port}
server.errorlog = "{folder}/errors"
server.max-keep-alive-requests = 1000000
fastcgi.server = ("/iipsrv" => ((
  "bin-path" => "{program}", "socket" => "{folder}/socket", "check-local" => "disable",
  "min-procs" => 1, "max-procs" => 1,
  "bin-environment" => (
    "FILESYSTEM_PREFIX" => "{slides}/", "JPEG_QUALITY" => "75", "MAX_IMAGE_CACHE_SIZE" => "10"
  )
)))
"""


@dataclass(frozen=True)
class WebServer:
    """A server that answers; ``leader`` is the number of its group of processes."""

    port: int
    leader: int
    version: str


@contextmanager
def labsight(slide: Path) -> Iterator[WebServer]:
    """Run `labsight serve` over a folder with one slide; it is imported when this returns."""
    with _folder() as folder:
        served = folder / "slides"
        served.mkdir()
        (served / slide.name).hardlink_to(slide)
        port = _free_port()
        command = [sys.executable, "-m", "labsight_lab", "serve", str(served)]
        command += ["--port", str(port), "--cache", str(folder / "cache")]
        with server(command, log=folder / "log") as process:
            url = f"http://127.0.0.1:{port}{slide_path(slide)}/slide.json"
            _wait(url, process, folder / "log")
            yield WebServer(port, process.pid, "serve")


def slide_path(slide: Path) -> str:
    """Return the address below which `labsight serve` shows a slide."""
    return f"/slides/{SlideKey(_SOURCE, slide.name).slide_id}"


@contextmanager
def iipsrv(slide: Path) -> Iterator[WebServer]:
    """Run one iipsrv behind lighttpd; raise NotMeasured when Debian's packages are not there."""
    lighttpd = shutil.which("lighttpd") or shutil.which("lighttpd", path="/usr/sbin")
    if lighttpd is None or not IIPSRV.exists():
        raise NotMeasured("as root: apt-get install iipimage-server lighttpd")
    with _folder() as folder:
        port = _free_port()
        config = folder / "lighttpd.conf"
        config.write_text(
            _LIGHTTPD.format(folder=folder, port=port, program=IIPSRV, slides=slide.parent)
        )
        with server([lighttpd, "-D", "-f", str(config)], log=folder / "log") as process:
            url = f"http://127.0.0.1:{port}/iipsrv?FIF={slide.name}&obj=Max-size"
            version = _wait(url, process, folder / "log").replace("/", " ")
            yield WebServer(port, process.pid, version)


@contextmanager
def _folder() -> Iterator[Path]:
    """Make a folder on the slides' disk, so that they can be linked into it."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:
        yield Path(folder)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _wait(url: str, process: "subprocess.Popen[bytes]", log: Path) -> str:
    """Wait until the server answers; return its name. Raises RuntimeError with its last words."""
    end = time.monotonic() + _START_SECONDS
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return str(answer.headers.get("server", ""))
        except (urllib.error.URLError, ConnectionError):
            if time.monotonic() > end or process.poll() is not None:
                words = log.read_text(errors="replace")[-500:]
                raise RuntimeError(f"{url} does not answer: {words}") from None
            time.sleep(0.1)
