"""Answers requests to the catalog's API."""

from typing import Any

from mangum import Mangum

from labsight.api.app import create_app
from labsight.api.roles import signed_in
from labsight.catalog import Catalog, connect
from labsight.settings import Environment

# Read while the function starts, so that a missing setting is told before the first request.
_environment = Environment()
_environment.configure_logging()
_catalog = Catalog(connect(_environment.database.url, _environment.database.auth))
_application = Mangum(create_app(lambda: _catalog, check=signed_in), lifespan="off")


def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer one request (API Gateway payload 2.0)."""
    return dict(_application(event, context))
