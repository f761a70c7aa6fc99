"""quality: how much tissue, and how sharp."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column("slide", sa.Column("tissue", sa.Double(), nullable=True))
    op.add_column("slide", sa.Column("sharpness", sa.Double(), nullable=True))


def downgrade() -> None:
    """Take back."""
    op.drop_column("slide", "sharpness")
    op.drop_column("slide", "tissue")
