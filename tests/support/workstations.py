"""A workstation with all it stands on, for tests."""

from typing import Any

import pulumi

from components.archive import Archive, ArchiveArgs
from components.endpoint import Endpoints
from components.secret import Secret, SecretArgs
from components.workstation import Workstation
from components.workstation_args import Shares, WorkstationArgs
from tests.support.networks import group, network

PLANTED = "a-planted-secret-value"


def workstation(**changes: Any) -> Workstation:
    inside = network()
    given: dict[str, Any] = {
        "network": inside,
        "endpoints": Endpoints(inside),
        "archive": Archive(
            "archive", ArchiveArgs(write_once="slides/", remade=("derived/",), log_days=90)
        ),
        "slides": "slides/",
        "tools": "tools/",
        "secret_days": 7,
    }
    given.update(
        {key: value(inside) if callable(value) else value for key, value in changes.items()}
    )
    return Workstation("desktop", WorkstationArgs(**given))


def gateway_shares(inside: Any) -> Shares:
    """Return the shares of a gateway with one account for all."""
    address = pulumi.Output.from_input("10.20.0.9")
    return Shares(
        group=group("gateway", inside),
        drives={
            "S": pulumi.Output.concat("\\\\", address, "\\slides"),
            "W": pulumi.Output.concat("\\\\", address, "\\work"),
        },
        user="smbguest",
        password=Secret(
            "share", SecretArgs(description="Share password", kept_days=7, value=PLANTED)
        ),
    )
