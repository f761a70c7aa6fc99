"""Connects to the catalog's database and brings its tables up to date."""

from collections.abc import Callable
from importlib.resources import as_file, files
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from labsight.errors import SettingsError

CONNECT_SECONDS = 5
_STATEMENT_LIMIT = "-c statement_timeout=20s"  # under the 29 s that a request may take
_MIGRATION_LOCK = 0x1AB5  # any number, the same for all


def connect(url: str, auth: str = "none", token: Callable[[URL], str] | None = None) -> Engine:
    """Return an engine for ``url``, which carries no password.

    With ``auth="iam"`` each new connection gets a token of its own (RDS IAM authentication), signed
    offline by ``token`` or, without one, by boto3. Tokens live 15 minutes; an open connection
    outlives its token.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise SettingsError(
            "LABSIGHT_DATABASE_URL: a URL such as "
            "postgresql+psycopg://user@host:5432/labsight is needed"
        ) from None
    if parsed.get_backend_name() == "sqlite":
        return _sqlite(parsed)
    # Parameters are hidden from the log: searches and barcodes can name a patient.
    engine = create_engine(
        parsed,
        pool_size=2,
        max_overflow=8,
        pool_pre_ping=True,
        hide_parameters=True,
        connect_args={"connect_timeout": CONNECT_SECONDS, "options": _STATEMENT_LIMIT},
    )
    if auth == "iam":
        sign = token or _rds_token

        @event.listens_for(engine, "do_connect")
        def _sign(_dialect: Any, _record: Any, _args: Any, parameters: dict[str, Any]) -> None:
            parameters["password"] = sign(parsed)
            parameters["sslmode"] = "verify-full"

    return engine


def upgrade(engine: Engine) -> str:
    """Bring the tables to the newest revision and return its name; safe to repeat and to race."""
    with as_file(files("labsight.catalog") / "migrations") as scripts, engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("set local statement_timeout = 0"))
            connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
        config = Config()
        config.set_main_option("script_location", str(scripts).replace("%", "%%"))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        return str(connection.execute(text("select version_num from alembic_version")).scalar_one())


def _sqlite(url: URL) -> Engine:
    engine = create_engine(url, connect_args={"timeout": 10})

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: Any) -> None:
        connection.execute("pragma journal_mode = wal")
        connection.execute("pragma synchronous = normal")
        connection.execute("pragma foreign_keys = on")

    return engine


def _rds_token(url: URL) -> str:
    import boto3  # noqa: PLC0415 - only where IAM authentication is in use

    client = boto3.client("rds")
    return str(
        client.generate_db_auth_token(
            DBHostname=url.host or "", Port=url.port or 5432, DBUsername=url.username or ""
        )
    )
