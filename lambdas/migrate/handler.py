"""Brings the catalog's tables up to date, once for each deployment."""

from typing import Any

from labsight.catalog import connect, upgrade
from labsight.settings import Environment

_environment = Environment()
_environment.configure_logging()
_database = _environment.database


def handle(_event: dict[str, Any], _context: object) -> dict[str, str]:
    """Upgrade to the newest revision, which may be there already, and say which it is."""
    engine = connect(_database.url, _database.auth)
    try:
        return {"revision": upgrade(engine)}
    finally:
        engine.dispose()
