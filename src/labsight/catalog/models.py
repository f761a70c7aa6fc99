"""The tables of the catalog."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, DateTime, ForeignKey, Index, Integer, MetaData, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class ImportState(StrEnum):
    """How far the import of a file has come."""

    IMPORTING = "importing"
    IMPORTED = "imported"
    FAILED = "failed"


class Review(StrEnum):
    """What people have decided about a slide."""

    NEW = "new"
    RESCAN = "rescan"
    READY = "ready"
    SENT = "sent"


class Storage(StrEnum):
    """Whether the file can be read at once."""

    AVAILABLE = "available"
    ARCHIVED = "archived"
    RESTORING = "restoring"


class Base(DeclarativeBase):
    """Names constraints by rule, so that migrations can name them too."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class Slide(Base):
    """One scanned file (or unit of files); rescans of a name are rows of their own."""

    __tablename__ = "slide"
    __table_args__ = (Index(None, "created_at", "id"), Index(None, "source", "path", "revision"))

    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    key: Mapped[str] = mapped_column(Text, unique=True)
    source: Mapped[str] = mapped_column(String(63))
    path: Mapped[str] = mapped_column(Text)
    revision: Mapped[int] = mapped_column(Integer)
    etag: Mapped[str | None] = mapped_column(Text)
    size_bytes: Mapped[int | None] = mapped_column(BigInteger)

    import_state: Mapped[str] = mapped_column(String(16), index=True)
    failure_kind: Mapped[str | None] = mapped_column(String(32))
    failure_reason: Mapped[str | None] = mapped_column(Text)
    incomplete: Mapped[str | None] = mapped_column(Text)  # why it is not whole, as the lab says
    review: Mapped[str] = mapped_column(String(16), default=Review.NEW)
    storage: Mapped[str] = mapped_column(String(16), default=Storage.AVAILABLE)

    format: Mapped[str | None] = mapped_column(String(16))
    vendor: Mapped[str | None] = mapped_column(String(32))
    version: Mapped[str | None] = mapped_column(String(8))
    width: Mapped[int | None] = mapped_column(Integer)
    height: Mapped[int | None] = mapped_column(Integer)
    level_count: Mapped[int | None] = mapped_column(Integer)
    mpp_x: Mapped[float | None]
    mpp_y: Mapped[float | None]
    magnification: Mapped[float | None]
    tissue: Mapped[float | None]  # share of the area, 0 to 1
    sharpness: Mapped[float | None]  # see slides/quality.py
    scanned_at: Mapped[str | None] = mapped_column(String(40))  # as written: often without a zone

    case_id: Mapped[str | None] = mapped_column(String(200), index=True)
    slide_id: Mapped[str | None] = mapped_column(String(200), index=True)
    image_id: Mapped[str | None] = mapped_column(String(200))
    barcode: Mapped[str | None] = mapped_column(String(200))

    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    imported_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class SlideEvent(Base):
    """One change of a slide: who, when, which field, from what to what."""

    __tablename__ = "slide_event"

    id: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True
    )
    slide: Mapped[str] = mapped_column(ForeignKey("slide.id"), index=True)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    who: Mapped[str] = mapped_column(String(200))
    field: Mapped[str] = mapped_column(String(32))
    old: Mapped[str | None] = mapped_column(Text)
    new: Mapped[str | None] = mapped_column(Text)
