"""What a browser or a Python program needs to read a slide's tiles out of the bucket by itself."""

import base64
from typing import Any

from labsight.errors import NotPermitted
from labsight.slides import sidecar
from labsight.slides.index import SlideIndex
from labsight.tiles.options import Presign

EXPIRES_SECONDS = 3600


def check(index: SlideIndex) -> None:
    """Raise NotPermitted for a slide that must not be handed out whole."""
    if index.identifying:
        raise NotPermitted(
            "this slide's file may hold a label or macro image, which can identify a patient: its "
            "tiles are served one by one, the file is not handed out"
        )
    if index.file_bound:
        raise NotPermitted("this slide is of a format whose tiles cannot be read by range")


def describe(index: SlideIndex, presign: Presign) -> dict[str, Any]:
    """Return direct.json: the index as the archive keeps it, and an address for each file.

    ETags in the index are those a reader should insist on (If-Match).
    """
    return {
        "version": index.version,
        "expires_seconds": EXPIRES_SECONDS,
        "files": [presign(one.key, EXPIRES_SECONDS) for one in index.files],
        "index": base64.b64encode(sidecar.to_bytes(index)).decode(),
    }
