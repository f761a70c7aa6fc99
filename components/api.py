"""The HTTP API: which paths lead to which function, and nobody enters unchecked by accident."""

import re
from dataclasses import dataclass
from typing import Literal

from pulumi import ComponentResource, Input, Output, ResourceOptions
from pulumi_aws import apigatewayv2, cloudwatch, lambda_

from components.encryption import Key
from components.function import Function
from components.naming import log_group_name
from components.place import Place

Method = Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
Authorization = Literal["JWT", "NONE"]

# Paths that anyone may call. Whatever is added here answers without knowing who asks.
OPEN_PATHS = frozenset({"/healthz"})

# Where a caller's token stands in a request; with and without the word Bearer before it.
CREDENTIAL = "$request.header.Authorization"

# An HTTP API gives up after 30 s: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
LONGEST_ANSWER = 29  # seconds

# https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging-variables.html
ACCESS_LOG_FIELDS = (
    "requestId",
    "requestTime",
    "identity.sourceIp",
    "authorizer.claims.sub",
    "authorizer.error",
    "identity.userAgent",
    "httpMethod",
    "path",
    "routeKey",
    "status",
    "responseLength",
    "responseLatency",
    "integrationErrorMessage",
)


@dataclass(frozen=True, kw_only=True)
class Route:
    """One method and path, the function that answers, and how the caller is checked."""

    method: Method
    path: str
    function: Function
    authorization: Authorization = "JWT"

    def __post_init__(self) -> None:
        if not self.path.startswith("/"):
            raise ValueError(f"route {self.path!r}: a path starts with '/'")
        if self.authorization == "NONE" and self.path not in OPEN_PATHS:
            raise ValueError(
                f"route {self.key!r} would be open to anyone; "
                f"only {', '.join(sorted(OPEN_PATHS))} may be"
            )
        if self.function.timeout_seconds > LONGEST_ANSWER:
            raise ValueError(
                f"route {self.key!r}: the API waits {LONGEST_ANSWER} s, its function may take "
                f"{self.function.timeout_seconds} s"
            )

    @property
    def key(self) -> str:
        """The route as API Gateway writes it."""
        return f"{self.method} {self.path}"

    @property
    def slug(self) -> str:
        """The route as part of a logical name."""
        return re.sub(r"[^a-z0-9]+", "-", self.key.lower()).strip("-")


@dataclass(frozen=True, kw_only=True)
class JwtAuthorizer:
    """Whose tokens are good: the issuer's address, and for which of its clients they were made.

    Cognito's access tokens carry no audience; then API Gateway compares their client_id.
    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html
    """

    issuer: Input[str]
    audience: tuple[Input[str], ...]

    def __post_init__(self) -> None:
        if not self.audience:
            raise ValueError("audience: name the clients whose tokens are good, got none")


@dataclass(frozen=True, kw_only=True)
class ApiArgs:
    """Routes, how callers are checked, how long access logs are kept (days), and under which key.

    ``rate`` is requests per second until callers wait. The web app asks for many slides' pictures
    at once, hence the burst.
    """

    routes: tuple[Route, ...]
    log_days: int
    authorizer: JwtAuthorizer | None = None
    key: Key | None = None
    rate: int = 500
    burst: int = 1000

    def __post_init__(self) -> None:
        checked = [route.key for route in self.routes if route.authorization == "JWT"]
        if checked and self.authorizer is None:
            raise ValueError(
                f"route {checked[0]!r} checks tokens, and no authorizer says whose: give one"
            )
        keys = [route.key for route in self.routes]
        twice = sorted({key for key in keys if keys.count(key) > 1})
        if twice:
            raise ValueError(f"route {twice[0]!r} is declared twice")


class Api(ComponentResource):
    """An HTTP API whose every route asks for a token, but for the few open ones.

    It can be called past CloudFront, which reaches it by this very address, so that address stays
    switched on: the token is asked for either way. No other origin may read answers (no CORS).
    """

    id: Output[str]
    url: Output[str]

    def __init__(self, name: str, args: ApiArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("labsight:http:Api", name, None, opts)
        child = ResourceOptions(parent=self)
        api = apigatewayv2.Api(f"{name}-api", protocol_type="HTTP", opts=child)
        self.url, self.id = api.api_endpoint, api.id
        authorizer = self._check_tokens(name, args, api)
        functions = {route.function.pulumi_resource_name: route.function for route in args.routes}
        targets = {
            label: self._integrate(name, label, function, api)
            for label, function in functions.items()
        }
        for route in args.routes:
            apigatewayv2.Route(
                f"{name}-{route.slug}",
                api_id=api.id,
                route_key=route.key,
                authorization_type=route.authorization,
                authorizer_id=authorizer if route.authorization == "JWT" else None,
                target=targets[route.function.pulumi_resource_name],
                opts=child,
            )
        self._publish(name, args, api)
        self.register_outputs({"url": self.url})

    def host(self, place: Place) -> Output[str]:
        """Return the API's host name, as an origin of CloudFront."""
        return Output.concat(self.id, f".execute-api.{place.region}.amazonaws.com")

    def _check_tokens(self, name: str, args: ApiArgs, api: apigatewayv2.Api) -> Output[str] | None:
        """Declare whose tokens are good; return the id by which routes ask for one."""
        if args.authorizer is None:
            return None
        return apigatewayv2.Authorizer(
            f"{name}-authorizer",
            api_id=api.id,
            authorizer_type="JWT",
            identity_sources=[CREDENTIAL],
            jwt_configuration={
                "issuer": args.authorizer.issuer,
                "audiences": list(args.authorizer.audience),
            },
            opts=ResourceOptions(parent=self),
        ).id

    def _integrate(
        self, name: str, label: str, function: Function, api: apigatewayv2.Api
    ) -> Output[str]:
        """Let the API call a function; return the target that its routes name."""
        child = ResourceOptions(parent=self)
        lambda_.Permission(
            f"{name}-calls-{label}",
            action="lambda:InvokeFunction",
            function=function.function_name,
            principal="apigateway.amazonaws.com",
            source_arn=Output.concat(api.execution_arn, "/*/*"),
            opts=child,
        )
        integration = apigatewayv2.Integration(
            f"{name}-to-{label}",
            api_id=api.id,
            integration_type="AWS_PROXY",
            integration_uri=function.invoke_arn,
            payload_format_version="2.0",
            opts=child,
        )
        return Output.concat("integrations/", integration.id)

    def _publish(self, name: str, args: ApiArgs, api: apigatewayv2.Api) -> None:
        """Serve every change at once, throttled, with one log line a request."""
        logs = cloudwatch.LogGroup(
            f"{name}-access-logs",
            name=log_group_name(name, vended=True),
            retention_in_days=args.log_days,
            kms_key_id=args.key.arn if args.key else None,
            opts=ResourceOptions(parent=self),
        )
        line = {field.rpartition(".")[2]: f"$context.{field}" for field in ACCESS_LOG_FIELDS}
        apigatewayv2.Stage(
            f"{name}-stage",
            api_id=api.id,
            name="$default",
            auto_deploy=True,
            default_route_settings={
                "throttling_rate_limit": args.rate,
                "throttling_burst_limit": args.burst,
            },
            access_log_settings={
                "destination_arn": logs.arn,
                "format": Output.json_dumps(line),
            },
            opts=ResourceOptions(parent=self),
        )
