"""Has the catalog's database set up, once for each deployment; runs where AWS can be reached."""

from typing import Any

from labsight.catalog import aws
from labsight.catalog.setup import set_up
from labsight.settings import Environment

_environment = Environment()
_environment.configure_logging()
_secret, _migrate = _environment.master_secret, _environment.migrate_function
_secrets = aws.secrets()
_functions = aws.functions()


def handle(_event: dict[str, Any], _context: object) -> dict[str, str]:
    """Set up and migrate the database; say which revision there is now."""
    return {"revision": set_up(_secrets, _functions, _secret, _migrate)}
