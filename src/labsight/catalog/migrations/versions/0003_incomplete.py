"""incomplete: slides that the lab sent although they are not whole."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column("slide", sa.Column("incomplete", sa.Text(), nullable=True))


def downgrade() -> None:
    """Take back."""
    op.drop_column("slide", "incomplete")
