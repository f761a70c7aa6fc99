"""Has the database set up by a function beside it, with the master password from its secret.

The database's network reaches no AWS API, so the secret is read out here and handed in.
"""

import json
from typing import Any, Protocol

from labsight.errors import LabsightError, SettingsError


class Secrets(Protocol):
    """What is needed of a Secrets Manager client."""

    def get_secret_value(self, *, SecretId: str) -> Any:  # noqa: N803  as AWS names it
        """Return the secret, its text under SecretString."""


class Functions(Protocol):
    """What is needed of a Lambda client."""

    def invoke(self, *, FunctionName: str, InvocationType: str, Payload: bytes) -> Any:  # noqa: N803
        """Call a function and wait for its answer."""


def set_up(secrets: Secrets, functions: Functions, secret: str, migrate: str) -> str:
    """Return the revision that the function ``migrate`` answers; safe to repeat."""
    master = _master(secrets, secret)
    answer = functions.invoke(
        FunctionName=migrate,
        InvocationType="RequestResponse",
        Payload=json.dumps({"master": master}).encode(),
    )
    told = json.loads(answer["Payload"].read() or b"null")
    if kind := answer.get("FunctionError"):
        raise LabsightError(
            f"{migrate} did not set up the database ({kind}): {_message(told, master)}"
        )
    if not (isinstance(told, dict) and isinstance(told.get("revision"), str)):
        raise LabsightError(f"{migrate} answered without a revision; its log tells more")
    return str(told["revision"])


def _master(secrets: Secrets, secret: str) -> dict[str, str]:
    """Return the two values of the secret that are needed; its text is in no message."""
    try:
        value = json.loads(secrets.get_secret_value(SecretId=secret)["SecretString"])
        return {"username": str(value["username"]), "password": str(value["password"])}
    except (ValueError, KeyError, TypeError):
        raise SettingsError(
            f"LABSIGHT_MASTER_SECRET ({secret}) holds no username and password as JSON; it has to "
            "be the secret that RDS manages for the database"
        ) from None


def _message(told: Any, master: dict[str, str]) -> str:
    """Return what the function said, should it have said a password without that."""
    said = told.get("errorMessage") if isinstance(told, dict) else None
    return str(said or "it gave no reason; its log tells more").replace(master["password"], "***")
