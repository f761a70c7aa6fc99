"""A PostgreSQL database that exists already: how functions address it and prove who they are."""

from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from components.iam import Grant

DatabaseAuth = Literal["iam", "none"]


@dataclass(frozen=True, kw_only=True)
class ExternalDatabase:
    """Where the database is (SQLAlchemy URL without password) and how its user signs in."""

    url: str
    auth: DatabaseAuth

    def environment(self) -> dict[str, str]:
        """Return the variables by which labsight's settings find the database."""
        return {"LABSIGHT_DATABASE_URL": self.url, "LABSIGHT_DATABASE_AUTH": self.auth}

    def connect(self) -> tuple[Grant, ...]:
        """Allow signing in as the URL's user where IAM decides that.

        The URL does not tell the instance's resource id, which the ARN would name: the grant is for
        this database user on any instance of the account.
        """
        if self.auth == "none":
            return ()
        user = urlsplit(self.url).username
        return (Grant(("rds-db:connect",), (f"arn:aws:rds-db:*:*:dbuser:*/{user}",)),)
