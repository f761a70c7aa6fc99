"""Another login than the pool's own: the institute's, over OpenID Connect or SAML."""

import re
from dataclasses import dataclass, field
from typing import Literal

from pulumi import Input, Output, ResourceOptions
from pulumi_aws import cognito

# https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CreateIdentityProvider.html
_NAME = re.compile(r"[A-Za-z0-9-]{3,32}")
# Names that Cognito keeps for the providers it knows by itself.
_TAKEN = frozenset({"cognito", "facebook", "google", "loginwithamazon", "signinwithapple"})
_SAML_EMAIL = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress"


@dataclass(frozen=True, kw_only=True)
class Provider:
    """Where people of an institute sign in.

    ``url`` is the issuer (OpenID Connect, then client id and secret are needed) or the address of
    the metadata document (SAML, then neither is).
    """

    name: str
    url: str
    client_id: str | None = None
    client_secret: Input[str] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name) or self.name.lower() in _TAKEN:
            raise ValueError(
                f"login.providerName: 3 to 32 letters, digits and hyphens, and no provider that "
                f"Cognito has itself, got {self.name!r}"
            )
        if not self.url.startswith("https://"):
            raise ValueError(f"login.providerUrl: an https:// address, got {self.url!r}")
        if (self.client_id is None) != (self.client_secret is None):
            raise ValueError(
                "login.providerClientId and login.providerClientSecret: an OpenID Connect login "
                "has both, a SAML login has neither"
            )

    @property
    def kind(self) -> Literal["OIDC", "SAML"]:
        """The protocol, which follows from the client."""
        return "SAML" if self.client_id is None else "OIDC"


def identity_provider(
    name: str, provider: Provider, pool_id: Input[str], opts: ResourceOptions
) -> cognito.IdentityProvider:
    """Declare the provider in a pool.

    People are known by e-mail address; whoever comes this way the first time is in no group of
    ours yet, so may do nothing until an administrator puts them into one.
    """
    details, attributes = _oidc(provider) if provider.kind == "OIDC" else _saml(provider)
    return cognito.IdentityProvider(
        f"{name}-provider",
        user_pool_id=pool_id,
        provider_name=provider.name,
        provider_type=provider.kind,
        provider_details=details,
        attribute_mapping=attributes,
        opts=opts,
    )


def _oidc(provider: Provider) -> tuple[dict[str, Input[str]], dict[str, Input[str]]]:
    details: dict[str, Input[str]] = {
        "oidc_issuer": provider.url,
        "client_id": provider.client_id or "",
        "client_secret": Output.secret(provider.client_secret or ""),
        "authorize_scopes": "openid email profile",
        "attributes_request_method": "GET",
    }
    return details, {"username": "sub", "email": "email"}


def _saml(provider: Provider) -> tuple[dict[str, Input[str]], dict[str, Input[str]]]:
    # Cognito's answer to a sign-out goes to the institute, too.
    return {"MetadataURL": provider.url, "IDPSignout": "true"}, {"email": _SAML_EMAIL}
