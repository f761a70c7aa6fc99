"""Has the database set up by a function beside it, with the master password from its secret.

The database's network reaches no AWS API, so the secret is read out here and handed in.
"""

import json
import time
from collections.abc import Callable
from typing import Any, Protocol

from labsight.catalog.protection import code_of
from labsight.errors import LabsightError, SettingsError

# After some weeks without a call Lambda takes a function's way into the network down. The next
# call fails, and has it made anew, which takes about a minute.
# https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html
NOT_READY = frozenset(
    {"ResourceNotReadyException", "ResourceConflictException", "ENINotReadyException"}
)
WAIT_SECONDS, MOST_WAITS = 10.0, 12


class Secrets(Protocol):
    """What is needed of a Secrets Manager client."""

    def get_secret_value(self, *, SecretId: str) -> Any:  # noqa: N803  as AWS names it
        """Return the secret, its text under SecretString."""


class Functions(Protocol):
    """What is needed of a Lambda client."""

    def invoke(self, *, FunctionName: str, InvocationType: str, Payload: bytes) -> Any:  # noqa: N803
        """Call a function and wait for its answer."""


def set_up(
    secrets: Secrets,
    functions: Functions,
    secret: str,
    migrate: str,
    wait: Callable[[float], None] = time.sleep,
) -> str:
    """Return the revision that the function ``migrate`` answers; safe to repeat."""
    master = _master(secrets, secret)
    answer = _call(functions, migrate, json.dumps({"master": master}).encode(), wait)
    told = json.loads(answer["Payload"].read() or b"null")
    if kind := answer.get("FunctionError"):
        raise LabsightError(
            f"{migrate} did not set up the database ({kind}): {_message(told, master)}"
        )
    if not (isinstance(told, dict) and isinstance(told.get("revision"), str)):
        raise LabsightError(f"{migrate} answered without a revision; its log tells more")
    return str(told["revision"])


def _call(
    functions: Functions, function: str, payload: bytes, wait: Callable[[float], None]
) -> Any:
    """Call a function as soon as it can be called; one that began is not called again."""
    waits = 0
    while True:
        try:
            return functions.invoke(
                FunctionName=function, InvocationType="RequestResponse", Payload=payload
            )
        except Exception as error:
            if code_of(error) not in NOT_READY or waits == MOST_WAITS:
                raise
        waits += 1
        wait(WAIT_SECONDS)


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
