"""Brings the catalog's tables up to date, once for each deployment."""

from typing import Any

from labsight.catalog import connect, upgrade
from labsight.settings import Environment


def handle(_event: dict[str, Any], _context: object) -> dict[str, str]:
    """Upgrade to the newest revision, which may be there already, and say which it is."""
    environment = Environment()
    environment.configure_logging()
    database = environment.database
    engine = connect(database.url, database.auth)
    try:
        return {"revision": upgrade(engine)}
    finally:
        engine.dispose()
