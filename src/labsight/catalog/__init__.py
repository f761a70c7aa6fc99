"""What is in the archive and what became of it: tables, queries and their history."""

from labsight.catalog.queries import Catalog, Page
from labsight.catalog.session import connect, upgrade

__all__ = ["Catalog", "Page", "connect", "upgrade"]
