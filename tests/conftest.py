"""Fixtures that more than one folder of tests uses."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from labsight.catalog import Catalog, connect, upgrade
from local.database import Database


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a real PostgreSQL server, on a socket of its own."""
    with Database() as database:
        database.start()
        yield database.url


@pytest.fixture
def empty_database(postgres: str) -> Iterator[Engine]:
    """A database without tables."""
    engine = connect(postgres)
    with engine.begin() as connection:
        connection.execute(text("drop schema if exists public cascade"))
        connection.execute(text("create schema public"))
    yield engine
    engine.dispose()


@pytest.fixture
def catalog(empty_database: Engine) -> Catalog:
    """An empty catalog on PostgreSQL."""
    upgrade(empty_database)
    return Catalog(empty_database)


@pytest.fixture
def real_data() -> Path:
    """The folder of real images that LABSIGHT_REAL_DATA names."""
    folder = os.environ.get("LABSIGHT_REAL_DATA")
    if not folder:
        pytest.skip("LABSIGHT_REAL_DATA is not set: no real images to test with")
    return Path(folder)
