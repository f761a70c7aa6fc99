"""The worklist: slides, newest first, and one slide."""

import unicodedata
from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import BaseModel, Field

from labsight import keys
from labsight.api.problems import Problem
from labsight.catalog import Catalog, models
from labsight.catalog.queries import MAX_PAGE


class Failure(BaseModel):
    """Why a file could not be imported."""

    kind: str
    reason: str


class Links(BaseModel):
    """Where the slide itself is served; null until it is imported."""

    descriptor: str | None
    thumbnail: str | None


class Slide(BaseModel):
    """A slide of the archive; what is not known is null. Sizes in px, ``mpp`` in µm per px."""

    id: str
    key: str
    source: str
    filename: str
    path: str
    revision: int
    size_bytes: int | None
    import_state: Literal["importing", "imported", "failed"]
    failure: Failure | None
    incomplete: str | None = Field(
        description="why the slide is not whole, where the lab sent it all the same"
    )
    review: Literal["new", "rescan", "ready", "sent"]
    storage: Literal["available", "archived", "restoring"]
    width: int | None
    height: int | None
    level_count: int | None
    mpp_x: float | None
    mpp_y: float | None
    magnification: float | None
    vendor: str | None
    format: str | None
    tissue: float | None = Field(description="share of the area that is tissue, 0 to 1")
    sharpness: float | None = Field(
        description="how much fine detail the tissue shows; compares scans of one scanner"
    )
    case_id: str | None
    slide_id: str | None
    image_id: str | None
    barcode: str | None
    scanned_at: str | None = Field(
        description="ISO 8601 as the scanner wrote it, often without a zone"
    )
    imported_at: datetime | None
    created_at: datetime
    updated_at: datetime
    version: str | None
    links: Links


class SlidePage(BaseModel):
    """Some slides, newest first; pass ``next_cursor`` on for the next ones."""

    items: list[Slide]
    next_cursor: str | None


router = APIRouter(
    prefix="/api/slides",
    tags=["slides"],
    responses={status: {"model": Problem} for status in (400, 403, 404, 503)},
)


def _catalog(request: Request) -> Catalog:
    catalog: Catalog = request.app.state.catalog()
    return catalog


CatalogNow = Annotated[Catalog, Depends(_catalog)]


@router.get("")
def list_slides(
    catalog: CatalogNow,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE, description="slides per page")] = 50,
    cursor: Annotated[
        str | None, Query(max_length=200, description="next_cursor of a page")
    ] = None,
    q: Annotated[
        str | None, Query(max_length=200, description="part of a name, id or barcode")
    ] = None,
    state: Annotated[models.ImportState | None, Query(description="only these")] = None,
) -> SlidePage:
    """List slides, newest first."""
    page = catalog.slides(limit=limit, cursor=cursor, search=_clean(q), state=state)
    return SlidePage(items=[_slide(row) for row in page.slides], next_cursor=page.next_cursor)


@router.get("/{slide_id}")
def get_slide(
    catalog: CatalogNow, slide_id: Annotated[str, Path(max_length=64, description="as listed")]
) -> Slide:
    """Return one slide."""
    return _slide(catalog.slide(keys.check_slide_id(slide_id)))


def _clean(search: str | None) -> str | None:
    """Write a search as names are kept: composed, without control characters."""
    return keys.printable(unicodedata.normalize("NFC", search.strip())) or None if search else None


def _slide(row: models.Slide) -> Slide:
    imported = row.import_state == models.ImportState.IMPORTED
    descriptor = f"/slides/{row.id}/slide.json" if imported else None
    thumbnail = f"/slides/{row.id}/thumbnail.jpg?v={row.version}" if imported else None
    values = {
        name: getattr(row, name)
        for name in Slide.model_fields
        if name not in {"filename", "failure", "links"}
    }
    for name in ("imported_at", "created_at", "updated_at"):
        values[name] = _utc(values[name])
    return Slide.model_validate(
        {
            **values,
            "filename": row.path.rpartition("/")[2],
            "failure": {"kind": row.failure_kind, "reason": row.failure_reason}
            if row.failure_kind
            else None,
            "links": {"descriptor": descriptor, "thumbnail": thumbnail},
        }
    )


def _utc(moment: datetime | None) -> datetime | None:
    """SQLite gives times back without their zone; all of ours are UTC."""
    return moment.replace(tzinfo=UTC) if moment and moment.tzinfo is None else moment
