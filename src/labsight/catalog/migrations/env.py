"""Alembic's entry: runs migrations on the connection that `labsight.catalog.upgrade` gives."""

from alembic import context

from labsight.catalog.models import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    transactional_ddl=True,
)
context.run_migrations()
