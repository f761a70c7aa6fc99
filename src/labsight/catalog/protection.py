"""Takes away what keeps AWS from deleting a database, when its owner destroys it."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from labsight.errors import Conflict, InvalidInput

Kind = Literal["instance", "cluster"]

WAIT_SECONDS = 10.0  # between two attempts while the database is busy
SPARE_SECONDS = 15.0  # left over for the answer
# RDS's codes of "no such database" and of "not now"; both kinds of databases have their own.
GONE = frozenset({"DBInstanceNotFound", "DBInstanceNotFoundFault", "DBClusterNotFoundFault"})
BUSY = frozenset(
    {
        "InvalidDBInstanceState",
        "InvalidDBInstanceStateFault",
        "InvalidDBClusterStateFault",
    }
)


class Databases(Protocol):
    """What is needed of an RDS client."""

    def modify_db_instance(self, **arguments: Any) -> Any:
        """Change an instance."""

    def modify_db_cluster(self, **arguments: Any) -> Any:
        """Change a cluster."""


@dataclass(frozen=True)
class Target:
    """A database: an instance or a cluster, by the identifier that RDS knows it by."""

    kind: Kind
    identifier: str

    @classmethod
    def of(cls, event: Mapping[str, Any]) -> "Target":
        """Read what a deployment declares."""
        match event:
            case {"kind": "instance" | "cluster" as kind, "identifier": str(name)} if name:
                return cls(kind, name)
        raise InvalidInput(
            'the event needs {"kind": "instance" or "cluster", "identifier": …}, got the keys '
            f"{', '.join(sorted(event)) or 'none'}"
        )


def lift(
    databases: Databases,
    target: Target,
    seconds_left: Callable[[], float],
    wait: Callable[[float], None] = time.sleep,
) -> None:
    """Take the protection away; a database that has gone already is as good as unprotected.

    A busy database (a backup, a change under way) is tried again until ``seconds_left`` run out;
    then Conflict is raised.
    """
    while True:
        try:
            _modify(databases, target)
        except Exception as error:
            code = code_of(error)
            if code in GONE:
                return
            if code not in BUSY:
                raise
            if seconds_left() < WAIT_SECONDS + SPARE_SECONDS:
                raise Conflict(
                    f"database {target.identifier} is busy and stays protected from deletion; "
                    "run pulumi destroy again in a few minutes"
                ) from None
            wait(WAIT_SECONDS)
        else:
            return


def _modify(databases: Databases, target: Target) -> None:
    if target.kind == "cluster":
        databases.modify_db_cluster(
            DBClusterIdentifier=target.identifier, DeletionProtection=False, ApplyImmediately=True
        )
    else:
        databases.modify_db_instance(
            DBInstanceIdentifier=target.identifier, DeletionProtection=False, ApplyImmediately=True
        )


def code_of(error: Exception) -> str:
    """Return what AWS calls an error; this package knows no AWS library."""
    response = getattr(error, "response", None)
    return str(response["Error"]["Code"]) if isinstance(response, dict) else ""
