"""Lists one slide, and says of anything else what it was asked and by whom."""

from typing import Any

TEXT = dict.fromkeys(
    ("vendor", "format", "case_id", "slide_id", "image_id", "barcode", "scanned_at", "updated_at")
)
SLIDE = TEXT | {
    "id": "a",
    "key": "slides/lab/a.svs",
    "source": "lab",
    "filename": "a.svs",
    "path": "a.svs",
    "revision": 1,
    "size_bytes": 1,
    "import_state": "imported",
    "failure": None,
    "review": "new",
    "storage": "available",
    "width": 1,
    "height": 1,
    "level_count": 1,
    "mpp_x": None,
    "mpp_y": None,
    "magnification": None,
    "imported_at": None,
    "version": "v",
    "links": {"descriptor": "/slides/a/slide.json", "thumbnail": "/slides/a/thumbnail.jpg?v=v"},
}


def handle(event: dict[str, Any], _context: object) -> Any:
    if event["rawPath"] == "/api/slides":
        return {"items": [SLIDE], "next_cursor": None}
    return {"event": event}
