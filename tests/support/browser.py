"""A real browser, and a server of sample slides for it."""

import shutil
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from playwright.sync_api import Browser, sync_playwright
from starlette.types import ASGIApp

from labsight.api.serve import Served

CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

# The px of the picture, as numbers: red, green, blue, alpha, row by row.
READ_PICTURE = """() => {
    const shown = document.querySelector('#viewer canvas');
    const copy = document.createElement('canvas');
    [copy.width, copy.height] = [shown.width, shown.height];
    const context = copy.getContext('2d');
    context.drawImage(shown, 0, 0);
    const data = context.getImageData(0, 0, copy.width, copy.height).data;
    let text = '';
    for (let at = 0; at < data.length; at += 32768)
        text += String.fromCharCode(...data.subarray(at, at + 32768));
    return [shown.width, shown.height, btoa(text)];
}"""


def chromium() -> str | None:
    """Return where a Chromium is installed, if one is."""
    return next((path for name in CHROMIUM if (path := shutil.which(name))), None)


@contextmanager
def browser(executable: str) -> Iterator[Browser]:
    """Start the installed Chromium without a window."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=executable)
        yield started
        started.close()


@contextmanager
def serving(
    slides: Path, cache: Path, *, show_labels: bool = True, allowed_origin: str | None = None
) -> Iterator[str]:
    """Import and serve a folder on a free port of this machine; yield the address."""
    served = Served(slides, cache, show_labels=show_labels, allowed_origin=allowed_origin)
    served.scan(lambda _line: None)
    with answering(served.app) as address:
        yield address
    served.close()


@contextmanager
def answering(app: ASGIApp) -> Iterator[str]:
    """Run an application on a free port of this machine; yield the address."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        while not server.started and thread.is_alive():
            time.sleep(0.01)
        yield f"http://127.0.0.1:{port}"
        server.should_exit = True
        thread.join()
