"""Answers requests to the catalog's API."""

from functools import cache
from typing import Any

from mangum import Mangum

from labsight.api.app import create_app
from labsight.catalog import Catalog, connect
from labsight.settings import Environment


@cache
def _catalog() -> Catalog:
    database = Environment().database
    return Catalog(connect(database.url, database.auth))


@cache
def _application() -> Mangum:
    Environment().configure_logging()
    return Mangum(create_app(_catalog), lifespan="off")


def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer one request (API Gateway payload 2.0)."""
    return dict(_application()(event, context))
