"""The web app as the login knows it: where it may send people back to, and for how long."""

from dataclasses import dataclass

from pulumi import ComponentResource, Input, Output, ResourceOptions
from pulumi_aws import cognito

from components.identity import UserPool

SCOPES = ("openid", "email")
ACCESS_HOURS = 1
SESSION_HOURS = 12  # a working day, then people sign in again


@dataclass(frozen=True, kw_only=True)
class LoginClientArgs:
    """The pool, and the web app's address without a path: ``https://…``.

    People come back to ``return_path`` after signing in and out.
    """

    pool: UserPool
    address: Input[str]
    return_path: str = "/"

    def __post_init__(self) -> None:
        if not self.return_path.startswith("/"):
            raise ValueError(f"return_path: a path starts with '/', got {self.return_path!r}")


class LoginClient(ComponentResource):
    """A client that browsers are: no secret, and the code flow with PKCE alone."""

    client_id: Output[str]

    def __init__(
        self, name: str, args: LoginClientArgs, opts: ResourceOptions | None = None
    ) -> None:
        super().__init__("labsight:security:LoginClient", name, None, opts)
        back = Output.concat(args.address, args.return_path)
        client = cognito.UserPoolClient(
            f"{name}-client",
            user_pool_id=args.pool.pool_id,
            generate_secret=False,
            allowed_oauth_flows_user_pool_client=True,
            allowed_oauth_flows=["code"],
            allowed_oauth_scopes=list(SCOPES),
            callback_urls=[back],
            logout_urls=[back],
            supported_identity_providers=list(args.pool.providers),
            # People sign in at the pool's own page, which proves a password without sending it.
            explicit_auth_flows=["ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_SRP_AUTH"],
            access_token_validity=ACCESS_HOURS,
            id_token_validity=ACCESS_HOURS,
            refresh_token_validity=SESSION_HOURS,
            token_validity_units={
                "access_token": "hours",
                "id_token": "hours",
                "refresh_token": "hours",
            },
            prevent_user_existence_errors="ENABLED",
            enable_token_revocation=True,
            opts=ResourceOptions(parent=self),
        )
        self.client_id = client.id
        self.register_outputs({"client_id": self.client_id})
