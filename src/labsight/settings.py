"""What the environment tells a function, read once and checked."""

import logging
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from labsight.errors import SettingsError

DEFAULT_SCRATCH_BYTES = 8 << 30


@dataclass(frozen=True)
class Database:
    """Where the catalog is; the URL never holds a password.

    ``auth`` says how a connection proves who it is: ``iam`` by a signed token, ``password`` by
    credentials that come with the event, ``none`` not at all (this machine alone).
    """

    url: str
    auth: str = "none"


class Environment:
    """Reads variables by name; a missing or ill-formed one is an error that names it."""

    def __init__(self, variables: Mapping[str, str] | None = None) -> None:
        self._variables = os.environ if variables is None else variables

    @property
    def archive_bucket(self) -> str:
        """The bucket that holds the images."""
        return self._needed("LABSIGHT_ARCHIVE_BUCKET", "the name of the archive bucket")

    @property
    def database(self) -> Database:
        """The catalog's database."""
        auth = self._variables.get("LABSIGHT_DATABASE_AUTH", "none")
        if auth not in {"iam", "password", "none"}:
            raise SettingsError(
                f"LABSIGHT_DATABASE_AUTH is {auth!r}; it must be iam, password or none"
            )
        return Database(self._needed("LABSIGHT_DATABASE_URL", "the URL of the catalog"), auth)

    @property
    def master_secret(self) -> str:
        """The secret with the name and password of the database's master user."""
        return self._needed("LABSIGHT_MASTER_SECRET", "the ARN of the database's master secret")

    @property
    def migrate_function(self) -> str:
        """The function that sets up the database."""
        return self._needed("LABSIGHT_MIGRATE_FUNCTION", "the name of the migrating function")

    @property
    def signing_secret(self) -> str:
        """The secret with the private key that signs sessions."""
        return self._needed("LABSIGHT_SIGNING_SECRET", "the ARN of the signing key's secret")

    @property
    def key_pair_id(self) -> str:
        """What CloudFront calls the public half of that key."""
        return self._needed("LABSIGHT_KEY_PAIR_ID", "the id of CloudFront's public key")

    @property
    def show_labels(self) -> bool:
        """Whether label and macro images may be shown; they can identify a patient."""
        return self._truth("LABSIGHT_SHOW_LABELS")

    @property
    def keep_tiles(self) -> bool:
        """Whether made tiles are kept in the archive, so that they are made once."""
        return self._truth("LABSIGHT_KEEP_TILES")

    @property
    def direct(self) -> bool:
        """Whether viewers get addresses under which they read slide files themselves."""
        return self._truth("LABSIGHT_DIRECT")

    @property
    def uploads_queue(self) -> str | None:
        """The queue of slides to import, where this process may ask for one to be done again."""
        return self._variables.get("LABSIGHT_UPLOADS_QUEUE") or None

    @property
    def file_function(self) -> str | None:
        """The function that reads slides which only OpenSlide can; None: this process does."""
        return self._variables.get("LABSIGHT_FILE_FUNCTION") or None

    @property
    def scratch_bytes(self) -> int:
        """How many bytes of local disk staged slides may fill."""
        value = self._variables.get("LABSIGHT_SCRATCH_BYTES", str(DEFAULT_SCRATCH_BYTES))
        if not (value.isascii() and value.isdigit()):
            raise SettingsError(
                f"LABSIGHT_SCRATCH_BYTES is {value!r}; it must be a number of bytes"
            )
        return int(value)

    @property
    def scratch_folder(self) -> Path:
        """Where staged slides lie: on a file system that is given, else in the temporary folder."""
        given = self._variables.get("LABSIGHT_SCRATCH_FOLDER", "")
        return Path(given) if given else Path(tempfile.gettempdir(), "slides")

    def configure_logging(self) -> None:
        """Log at the level that LABSIGHT_LOG_LEVEL names, INFO without it.

        The libraries underneath are heard from WARNING on: at INFO they tell of every request.
        """
        level = self._variables.get("LABSIGHT_LOG_LEVEL", "INFO").upper()
        if level not in logging.getLevelNamesMapping():
            raise SettingsError(
                f"LABSIGHT_LOG_LEVEL is {level!r}; use DEBUG, INFO, WARNING or ERROR"
            )
        logging.getLogger().setLevel(max(logging.getLevelNamesMapping()[level], logging.WARNING))
        for own in ("labsight", "lambdas"):
            logging.getLogger(own).setLevel(level)

    def _truth(self, name: str) -> bool:
        value = self._variables.get(name, "false").lower()
        if value not in {"true", "false"}:
            raise SettingsError(f"{name} is {value!r}; it must be true or false")
        return value == "true"

    def _needed(self, name: str, what: str) -> str:
        value = self._variables.get(name, "")
        if not value:
            raise SettingsError(f"{name} is not set: it must hold {what}")
        return value
