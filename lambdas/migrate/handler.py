"""Sets up the catalog's database and brings its tables up to date, once for each deployment."""

from typing import Any

from sqlalchemy.exc import OperationalError, SQLAlchemyError

from labsight.catalog import connect
from labsight.catalog.roles import set_up
from labsight.errors import InvalidInput, LabsightError
from labsight.settings import Environment

_environment = Environment()
_environment.configure_logging()
_database = _environment.database


def handle(event: dict[str, Any], _context: object) -> dict[str, str]:
    """Set up as the master whose credentials the event brings; say which revision there is now."""
    credentials = _credentials(event)
    engine = connect(_database.url, _database.auth, credentials=credentials)
    try:
        return {"revision": set_up(engine)}
    except SQLAlchemyError as error:
        # Without its cause, which goes to the log with all that it holds.
        reason = _reason(error).replace(credentials[1], "***")
        raise LabsightError(f"the database was not set up: {reason}") from None
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
