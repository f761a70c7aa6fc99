"""Connects to the catalog's database and brings its tables up to date."""

from collections.abc import Callable
from functools import cache
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, NullPool, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from labsight.errors import SettingsError

CONNECT_SECONDS = 5
RDS_ROOTS = Path(__file__).with_name("rds-ca.pem")
_STATEMENT_LIMIT = "-c statement_timeout=20s"  # under the 29 s that a request may take
_MIGRATION_LOCK = 0x1AB5  # any number, the same for all


def connect(
    url: str,
    auth: str = "none",
    token: Callable[[URL], str] | None = None,
    *,
    credentials: tuple[str, str] | None = None,
) -> Engine:
    """Return an engine for ``url``, which carries no password.

    With ``auth="iam"`` each new connection gets a token of its own (RDS IAM authentication), signed
    offline by ``token`` or, without one, by boto3. Tokens live 15 minutes; an open connection
    outlives its token. With ``auth="password"`` user and password are ``credentials``. Both check
    the server's certificate, against Amazon RDS's roots where the URL names no ``sslrootcert``, and
    close a connection as soon as it is not used.
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
    if credentials is not None:
        parsed = parsed.set(username=credentials[0], password=credentials[1])
    # Parameters are hidden from the log: searches and barcodes can name a patient.
    engine = create_engine(
        parsed,
        hide_parameters=True,
        connect_args=_connect_args(parsed, auth),
        **_pool(auth),
    )
    if auth == "iam":
        sign = token or _rds_token

        @event.listens_for(engine, "do_connect")
        def _sign(_dialect: Any, _record: Any, _args: Any, parameters: dict[str, Any]) -> None:
            parameters["password"] = sign(parsed)

    return engine


def _connect_args(url: URL, auth: str) -> dict[str, Any]:
    """Return what the driver is told over the URL, which may set its own time and roots."""
    arguments: dict[str, Any] = {"options": _STATEMENT_LIMIT}
    if "connect_timeout" not in url.query:
        arguments["connect_timeout"] = CONNECT_SECONDS
    if auth != "none":  # whatever the URL says; on a socket of this machine it has no meaning
        arguments["sslmode"] = "verify-full"
        if "sslrootcert" not in url.query:
            arguments["sslrootcert"] = str(RDS_ROOTS)
    return arguments


def _pool(auth: str) -> dict[str, Any]:
    """Keep connections open in a long-lived process, not in a Lambda function.

    Lambda freezes a function between events with its connections open: the smallest database takes
    some 80 of them, and an Aurora cluster with even one does not pause. A function handles one
    event at a time, so there is nobody to share a pool with either.
    """
    if auth != "none":
        return {"poolclass": NullPool}
    return {"pool_size": 2, "max_overflow": 8, "pool_pre_ping": True}


def upgrade(engine: Engine) -> str:
    """Bring the tables to the newest revision and return its name; safe to repeat and to race."""
    with engine.begin() as connection:
        return upgrade_in(connection)


def upgrade_in(connection: Connection) -> str:
    """Do what ``upgrade`` does in the transaction of ``connection``, as its current role."""
    with as_file(files("labsight.catalog") / "migrations") as scripts:
        take_turn(connection)
        config = Config()
        config.set_main_option("script_location", str(scripts).replace("%", "%%"))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        return str(connection.execute(text("select version_num from alembic_version")).scalar_one())


def take_turn(connection: Connection) -> None:
    """Wait, without a limit, until nobody else migrates; the turn lasts until the transaction ends.

    A function that was killed does not always close its connection: the server ends its transaction
    after a minute of silence, or nobody could migrate for hours. Taking the turn twice in one
    transaction does no harm.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("set local statement_timeout = 0"))
        connection.execute(text("set local idle_in_transaction_session_timeout = '60s'"))
        connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})


def _sqlite(url: URL) -> Engine:
    engine = create_engine(url, connect_args={"timeout": 10})

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: Any) -> None:
        connection.execute("pragma journal_mode = wal")
        connection.execute("pragma synchronous = normal")
        connection.execute("pragma foreign_keys = on")

    return engine


def _rds_token(url: URL) -> str:
    """Sign a token offline: in the VPC no AWS API can be reached."""
    return str(
        _rds().generate_db_auth_token(
            DBHostname=url.host or "", Port=url.port or 5432, DBUsername=url.username or ""
        )
    )


@cache
def _rds() -> Any:
    """Make the client once: that takes longer than all that is done with it."""
    import boto3  # noqa: PLC0415 - only where IAM authentication is in use

    return boto3.client("rds")
