"""Where declared resources are made, and the names and ids that they get here."""

import hashlib
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from local.declared import Properties
from local.moto_server import ACCOUNT, Cloud

Made = tuple[str, Properties]


@dataclass
class Site:
    """Where resources are made: the embedded AWS, the address of the front door, and remarks."""

    cloud: Cloud
    address: str
    notes: list[str] = field(default_factory=list)

    @property
    def host(self) -> str:
        """The address without its scheme, as a distribution names its domain."""
        return urlsplit(self.address).netloc

    def arn(self, service: str, resource: str) -> str:
        """Return the ARN of a resource in this account and region."""
        return f"arn:aws:{service}:{self.cloud.region}:{ACCOUNT}:{resource}"


def physical(name: str, given: Any) -> str:
    """Return the given name, or one as Pulumi makes it: the logical name and a tail."""
    return str(given) if given else f"{name}-local"


def short_id(*parts: str) -> str:
    """Return an id that is the same at each start."""
    return hashlib.sha256("/".join(parts).encode()).hexdigest()[:10]
