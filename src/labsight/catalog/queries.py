"""What labsight asks of the catalog and writes into it."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine, Select, or_, select, tuple_
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, sessionmaker

from labsight import keys
from labsight.catalog.models import ImportState, Slide, SlideEvent
from labsight.errors import InvalidInput, NotFound

MAX_PAGE = 200
_HISTORY = ("import_state", "barcode", "case_id", "slide_id", "review", "storage")


@dataclass(frozen=True)
class Page:
    """Some slides, newest first, and where the next page starts (None at the end)."""

    slides: tuple[Slide, ...]
    next_cursor: str | None


class Catalog:
    """Queries and changes; each method is one transaction. Rows come back detached."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._session = sessionmaker(engine, expire_on_commit=False)

    def slide(self, slide_id: str) -> Slide:
        """Return one slide; raise NotFound."""
        with self._session() as session:
            return _get(session, slide_id)

    def slides(
        self,
        *,
        limit: int = 50,
        cursor: str | None = None,
        search: str | None = None,
        state: ImportState | None = None,
    ) -> Page:
        """Return up to ``limit`` slides, newest first; ``search`` looks into names and ids."""
        query = select(Slide).order_by(Slide.created_at.desc(), Slide.id.desc())
        query = _matching(query, search) if search else query
        query = query.where(Slide.import_state == state) if state else query
        if cursor:
            query = query.where(tuple_(Slide.created_at, Slide.id) < _read_cursor(cursor))
        limit = max(1, min(limit, MAX_PAGE))
        with self._session() as session:
            rows = session.scalars(query.limit(limit + 1)).all()
        more = len(rows) > limit
        return Page(tuple(rows[:limit]), _write_cursor(rows[limit - 1]) if more else None)

    def history(self, slide_id: str) -> tuple[SlideEvent, ...]:
        """Return all changes of a slide, oldest first; raise NotFound."""
        with self._session() as session:
            _get(session, slide_id)
            query = select(SlideEvent).where(SlideEvent.slide == slide_id).order_by(SlideEvent.id)
            return tuple(session.scalars(query).all())

    def record(
        self, key: str, who: str, *, unless_edited: Mapping[str, Any] | None = None, **values: Any
    ) -> Slide:
        """Create or change the slide at ``key`` in one transaction, with an event for each change.

        Fields of ``unless_edited`` are left alone once somebody else has changed them. When nothing
        differs nothing is written, so a repeat leaves no trace.
        """
        try:
            return self._record(key, who, values, unless_edited or {})
        except IntegrityError:  # another importer made the row first
            return self._record(key, who, values, unless_edited or {})

    def close(self) -> None:
        """Let go of all connections."""
        self._engine.dispose()

    def _record(
        self, key: str, who: str, values: Mapping[str, Any], unless_edited: Mapping[str, Any]
    ) -> Slide:
        now = datetime.now(UTC)
        with self._session.begin() as session:
            slide = session.get(Slide, keys.slide_id(key), with_for_update=True)
            if slide is None:
                slide = _new(key, now)
                session.add(slide)
                session.flush()
                session.add(_event(slide, now, who, "import_state", None, slide.import_state))
            edited = _edited_by_others(session, slide, who) if unless_edited else frozenset()
            free = {name: value for name, value in unless_edited.items() if name not in edited}
            wanted = {**values, **free}
            changed = {
                name: wanted[name] for name in wanted if getattr(slide, name) != wanted[name]
            }
            for name, value in changed.items():
                if name in _HISTORY:
                    session.add(_event(slide, now, who, name, getattr(slide, name), value))
                setattr(slide, name, value)
            if changed:
                slide.updated_at = now
            return slide


def _new(key: str, now: datetime) -> Slide:
    source, path, revision = keys.place_of(key)
    return Slide(
        id=keys.slide_id(key),
        key=key,
        source=source,
        path=path,
        revision=revision,
        import_state=ImportState.IMPORTING,
        created_at=now,
        updated_at=now,
    )


def _event(
    slide: Slide, at: datetime, who: str, field: str, old: str | None, new: str | None
) -> SlideEvent:
    return SlideEvent(slide=slide.id, at=at, who=who, field=field, old=old, new=new)


def _edited_by_others(session: Session, slide: Slide, who: str) -> frozenset[str]:
    events = select(SlideEvent.field).where(SlideEvent.slide == slide.id, SlideEvent.who != who)
    return frozenset(session.scalars(events.distinct()))


def _get(session: Session, slide_id: str) -> Slide:
    slide = session.get(Slide, slide_id)
    if slide is None:
        raise NotFound(f"there is no slide {slide_id}; /api/slides lists those there are")
    return slide


def _matching(query: Select[Slide], search: str) -> Select[Slide]:
    columns = (
        Slide.source,
        Slide.path,
        Slide.case_id,
        Slide.slide_id,
        Slide.image_id,
        Slide.barcode,
    )
    return query.where(or_(*(column.icontains(search, autoescape=True) for column in columns)))


def _write_cursor(slide: Slide) -> str:
    place = json.dumps([slide.created_at.isoformat(), slide.id])
    return base64.urlsafe_b64encode(place.encode()).decode().rstrip("=")


def _read_cursor(cursor: str) -> tuple[datetime, str]:
    try:
        place = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        moment, slide_id = place
        return datetime.fromisoformat(moment).astimezone(UTC), keys.check_slide_id(slide_id)
    except (ValueError, TypeError, OverflowError, InvalidInput):
        raise InvalidInput("cursor: pass the next_cursor of the page before, unchanged") from None
