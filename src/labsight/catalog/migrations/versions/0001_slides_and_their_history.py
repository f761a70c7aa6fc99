"""slides and their history."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "slide",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("source", sa.String(length=63), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("etag", sa.Text(), nullable=True),
        sa.Column("size_bytes", sa.BigInteger(), nullable=True),
        sa.Column("import_state", sa.String(length=16), nullable=False),
        sa.Column("failure_kind", sa.String(length=32), nullable=True),
        sa.Column("failure_reason", sa.Text(), nullable=True),
        sa.Column("review", sa.String(length=16), nullable=False),
        sa.Column("storage", sa.String(length=16), nullable=False),
        sa.Column("format", sa.String(length=16), nullable=True),
        sa.Column("vendor", sa.String(length=32), nullable=True),
        sa.Column("version", sa.String(length=8), nullable=True),
        sa.Column("width", sa.Integer(), nullable=True),
        sa.Column("height", sa.Integer(), nullable=True),
        sa.Column("level_count", sa.Integer(), nullable=True),
        sa.Column("mpp_x", sa.Double(), nullable=True),
        sa.Column("mpp_y", sa.Double(), nullable=True),
        sa.Column("magnification", sa.Double(), nullable=True),
        sa.Column("scanned_at", sa.String(length=40), nullable=True),
        sa.Column("case_id", sa.String(length=200), nullable=True),
        sa.Column("slide_id", sa.String(length=200), nullable=True),
        sa.Column("image_id", sa.String(length=200), nullable=True),
        sa.Column("barcode", sa.String(length=200), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_slide"),
        sa.UniqueConstraint("key", name="uq_slide_key"),
    )
    op.create_index("ix_slide_case_id", "slide", ["case_id"], unique=False)
    op.create_index("ix_slide_created_at_id", "slide", ["created_at", "id"], unique=False)
    op.create_index("ix_slide_import_state", "slide", ["import_state"], unique=False)
    op.create_index("ix_slide_slide_id", "slide", ["slide_id"], unique=False)
    op.create_index(
        "ix_slide_source_path_revision", "slide", ["source", "path", "revision"], unique=False
    )
    op.create_table(
        "slide_event",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("slide", sa.String(length=16), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("who", sa.String(length=200), nullable=False),
        sa.Column("field", sa.String(length=32), nullable=False),
        sa.Column("old", sa.Text(), nullable=True),
        sa.Column("new", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["slide"], ["slide.id"], name="fk_slide_event_slide"),
        sa.PrimaryKeyConstraint("id", name="pk_slide_event"),
    )
    op.create_index("ix_slide_event_slide", "slide_event", ["slide"], unique=False)


def downgrade() -> None:
    """Take back."""
    op.drop_index("ix_slide_event_slide", table_name="slide_event")
    op.drop_table("slide_event")
    op.drop_index("ix_slide_source_path_revision", table_name="slide")
    op.drop_index("ix_slide_slide_id", table_name="slide")
    op.drop_index("ix_slide_import_state", table_name="slide")
    op.drop_index("ix_slide_created_at_id", table_name="slide")
    op.drop_index("ix_slide_case_id", table_name="slide")
    op.drop_table("slide")
