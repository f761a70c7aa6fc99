"""Signs in where the platform asks for it; where nobody has to sign in, nothing happens."""

from contextlib import closing
from urllib.parse import urlsplit

from playwright.sync_api import Page

from local.client import Client


def sign_in(page: Page, role: str = "technician") -> None:
    """Pick a role on the sign-in page that an opened page of the web app leads to."""
    parts = urlsplit(page.url)
    origin = f"{parts.scheme}://{parts.netloc}"
    if page.request.get(f"{origin}/config.json").json()["login"] is None:
        return
    page.get_by_role("button", name=role, exact=True).click()
    page.wait_for_selector("#account:not([hidden])")


def carried(address: str, role: str = "technician") -> dict[str, str]:
    """Return the headers of somebody who signed in, for requests that are written by hand."""
    with closing(Client(address, role)) as client:
        return client.carried()
