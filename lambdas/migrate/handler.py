"""Sets up the catalog's database and brings its tables up to date, once for each deployment."""

from typing import Any

from sqlalchemy.exc import OperationalError, SQLAlchemyError

from labsight.catalog import connect
from labsight.catalog.roles import set_up
from labsight.errors import InvalidInput, LabsightError
from labsight.settings import Environment

# What RDS says to members of rds_iam who come with a password: it takes tokens from them alone.
# Since PostgreSQL 16 whoever makes a role is a member of it, and so the master who made the writer
# may be one of rds_iam from the second set-up on.
# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.html
WANTS_A_TOKEN = "PAM authentication failed"  # noqa: S105  what a server says

_environment = Environment()
_environment.configure_logging()
_database = _environment.database


def handle(event: dict[str, Any], _context: object) -> dict[str, str]:
    """Set up as the master whose credentials the event brings; say which revision there is now."""
    credentials = _credentials(event)
    try:
        try:
            return {"revision": _set_up(_database.auth, credentials)}
        except OperationalError as error:
            if WANTS_A_TOKEN not in str(error):
                raise
        return {"revision": _set_up("iam", credentials)}
    except SQLAlchemyError as error:
        # Without its cause, which goes to the log with all that it holds.
        reason = _reason(error).replace(credentials[1], "***")
        raise LabsightError(f"the database was not set up: {reason}") from None


def _set_up(auth: str, credentials: tuple[str, str]) -> str:
    engine = connect(_database.url, auth, credentials=credentials)
    try:
        return set_up(engine)
    finally:
        engine.dispose()


def _credentials(event: dict[str, Any]) -> tuple[str, str]:
    master = event.get("master")
    match master:
        case {"username": str(user), "password": str(password)} if user and password:
            return user, password
    raise InvalidInput(
        'the event needs {"master": {"username": …, "password": …}}; the function database_setup '
        "sends it"
    )


def _reason(error: SQLAlchemyError) -> str:
    """Return the server's or the driver's first line, which says what is wrong."""
    said = str(getattr(error, "orig", None) or error).strip().splitlines()
    return f"{type(error).__name__}: {said[0] if said else 'no reason given'}"
