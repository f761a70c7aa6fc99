"""Who may do what in the catalog's database, set up by its master user.

The tables belong to a role that nobody signs in as. Functions sign in as the writer or the reader,
with a token that RDS checks; neither of them can change a table's shape or what others may do.
"""

from sqlalchemy import Connection, Engine, text

from labsight.catalog.session import take_turn, upgrade_in

OWNER = "labsight"
WRITER = "labsight_writer"
READER = "labsight_reader"

# What each may do with every table. Nothing deletes: slides that go stay in the catalog's history.
ALLOWED = {WRITER: "select, insert, update", READER: "select"}
# RDS lets whoever holds this role sign in with a token, and then with nothing else.
# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.DBAccounts.html
TOKEN_ROLE = "rds_iam"  # noqa: S105  a role's name
# A function that was killed or frozen cannot close its connection: the server does, or it would
# hold locks, and keep an Aurora cluster from pausing.
LIMITS = {"idle_in_transaction_session_timeout": "60s", "idle_session_timeout": "300s"}
# Alembic's own table, by which the next migration starts.
BOOKKEEPING = "alembic_version"


def set_up(engine: Engine) -> str:
    """Make or correct the roles, migrate the tables as their owner, return the newest revision.

    ``engine`` connects as the master: it may make roles and owns the database, and need not be a
    superuser (on RDS it is none). All of it is one transaction, so a set-up that was killed leaves
    what was there before; it is safe to repeat and to race.
    """
    with engine.begin() as connection:
        take_turn(connection)
        _make_roles(connection)
        _close_to_everyone(connection)
        _open_to_roles(connection)
        _run(connection, f"set local role {OWNER}")
        _allow_future_tables(connection)
        revision = upgrade_in(connection)
        _allow_present_tables(connection)
        return revision


def _make_roles(connection: Connection) -> None:
    for role, login in ((OWNER, "nologin"), (WRITER, "login"), (READER, "login")):
        if not _exists(connection, role):
            _run(connection, f"create role {role}")
        _run(connection, f"alter role {role} with {login} nocreaterole nocreatedb")
    # Since PostgreSQL 16 who makes a role may administer it, and has to allow itself to act as it.
    _run(connection, f"grant {OWNER} to current_user with set true, inherit false")
    for role in (WRITER, READER):
        for setting, value in LIMITS.items():
            _run(connection, f"alter role {role} set {setting} = '{value}'")
        if _exists(connection, TOKEN_ROLE):
            _run(connection, f"grant {TOKEN_ROLE} to {role}")


def _close_to_everyone(connection: Connection) -> None:
    """Take from PUBLIC, which is everybody, what PostgreSQL gives it in a new database."""
    _run(connection, f"revoke all on database {_database(connection)} from public")
    _run(connection, "revoke all on schema public from public")


def _open_to_roles(connection: Connection) -> None:
    _run(connection, f"grant usage, create on schema public to {OWNER}")
    for role in (WRITER, READER):
        _run(connection, f"grant connect on database {_database(connection)} to {role}")
        _run(connection, f"grant usage on schema public to {role}")


def _allow_future_tables(connection: Connection) -> None:
    """Say, as the owner, what others may do with tables that later migrations make."""
    defaults = "alter default privileges in schema public"
    for role, actions in ALLOWED.items():
        _run(connection, f"{defaults} grant {actions} on tables to {role}")
    _run(connection, f"{defaults} grant usage on sequences to {WRITER}")


def _allow_present_tables(connection: Connection) -> None:
    """Say, as the owner, what others may do with the tables there are, and nothing else."""
    for role, actions in ALLOWED.items():
        _run(connection, f"revoke all on all tables in schema public from {role}")
        _run(connection, f"grant {actions} on all tables in schema public to {role}")
        _run(connection, f"revoke all on {BOOKKEEPING} from {role}")
    _run(connection, f"grant usage on all sequences in schema public to {WRITER}")


def _exists(connection: Connection, role: str) -> bool:
    found = text("select exists (select from pg_roles where rolname = :role)")
    return bool(connection.execute(found, {"role": role}).scalar_one())


def _database(connection: Connection) -> str:
    """Return the database's name as SQL takes it."""
    return str(connection.execute(text("select quote_ident(current_database())")).scalar_one())


def _run(connection: Connection, statement: str) -> None:
    """Run a statement made of this file's own names: roles cannot be parameters in PostgreSQL."""
    connection.execute(text(statement))
