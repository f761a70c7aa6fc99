"""The invitation that a new user gets by e-mail, and who sends it."""

import re
from dataclasses import dataclass

from pulumi import Input, Output
from pulumi_aws import cognito

from components.place import Place

SUBJECT = "Your access to labsight"
DAYS = 7  # for which a temporary password is valid

# Enough to catch a name or a list in the wrong place; whether mail arrives only mail can tell.
_ADDRESS = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s,;<>]+")


@dataclass(frozen=True, kw_only=True)
class Sender:
    """An address whose mail Amazon SES sends, verified there in the stack's region.

    ``identity`` is what was verified: the address itself (the default), or its domain.
    """

    address: str
    identity: str | None = None

    def __post_init__(self) -> None:
        if not _ADDRESS.fullmatch(self.address):
            raise ValueError(f"sender: one address such as lab@example.org, got {self.address!r}")
        domain = self.address.rpartition("@")[2]
        if self.identity not in {None, self.address} and not f".{domain}".endswith(
            f".{self.identity}"
        ):
            raise ValueError(
                f"sender identity: {self.address} or its domain {domain}, got {self.identity!r}"
            )

    def configuration(self, place: Place) -> cognito.UserPoolEmailConfigurationArgsDict:
        """Return what a pool has to know."""
        return {
            "email_sending_account": "DEVELOPER",
            "from_email_address": self.address,
            "source_arn": place.arn("ses", f"identity/{self.identity or self.address}"),
        }


def invitation(address: Input[str] | None) -> Input[str]:
    """Write the message; Cognito puts name and password in the place of ``{username}``, ``{####}``.

    https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pool-settings-message-customizations.html
    """
    rest = (
        "<p>User name: {username}<br>Temporary password: {####}</p>"
        f"<p>The password is valid for {DAYS} days. At the first sign-in you choose your own.</p>"
    )
    if address is None:
        return (
            "<p>You may now sign in to labsight; whoever invited you knows the address.</p>" + rest
        )
    return Output.concat("<p>You may now sign in to labsight: ", address, "</p>", rest)
