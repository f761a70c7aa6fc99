"""Opens the address that people use: the declared edge, or a plain front where none is declared."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from starlette.types import ASGIApp

from local import declared, edge_functions, edge_wiring, forwarding, routes, wiring
from local.declared import Deployment, Properties, Resource
from local.edge import Door, Edge, ErrorPage
from local.edge_wiring import CONFIG, Behaviour
from local.front import Front, Target
from local.functions import Pool
from local.login import Client, Login, seconds
from local.moto_server import Cloud
from local.origins import (
    Authorizer,
    Endpoint,
    FunctionAddress,
    HttpApi,
    Origin,
    StoredFile,
    WebSite,
    guessed_type,
)
from local.process import Log
from local.sign_in import SignIn
from local.web_folder import WebFolder

Pools = Mapping[str, Pool]


def application(
    deployment: Deployment, pools: Pools, cloud: Cloud, web: Path | None, address: str, log: Log
) -> ASGIApp:
    """Return what answers at the address, as the program declares it."""
    distribution = next(deployment.of(declared.DISTRIBUTION), None)
    if distribution is None:
        return Front(_targets(deployment, pools), web, log).app
    login = Login(login_clients(deployment))
    doors = []
    for behaviour in edge_wiring.behaviours(distribution):
        origin = edge_wiring.find_origin(behaviour)
        server = edge_wiring.find_server(deployment, origin) if origin else None
        if origin is None or server is None:  # reported among the broken wires
            continue
        made = _Maker(deployment, pools, cloud, web, address, login, log).origin(server)
        doors.append(_door(deployment, behaviour, made, origin))
    pages = distribution.inputs.get("customErrorResponses") or ()
    return Edge(
        domain=distribution.outputs["domainName"],
        root=distribution.inputs.get("defaultRootObject") or "",
        doors=doors,
        errors={
            page["errorCode"]: ErrorPage(page["responseCode"], page["responsePagePath"])
            for page in pages
            if page.get("responsePagePath")
        },
        sign_in=SignIn(login),
        log=log,
    ).app


def login_clients(deployment: Deployment) -> Iterator[Client]:
    """Yield the declared clients of user pools, as the stand-in of the login takes them."""
    for client in deployment.of(declared.USER_POOL_CLIENT):
        pool = edge_wiring.pool_of(deployment, client)
        if pool is None:
            continue
        units = client.inputs.get("tokenValidityUnits") or {}
        groups = deployment.of(declared.USER_GROUP)
        yield Client(
            id=client.id,
            issuer=edge_wiring.issuer_of(pool),
            groups=_by_precedence(g for g in groups if g.inputs["userPoolId"] == pool.id),
            callbacks=frozenset(client.inputs.get("callbackUrls") or ()),
            logouts=frozenset(client.inputs.get("logoutUrls") or ()),
            scopes=frozenset(client.inputs.get("allowedOauthScopes") or ()),
            access_seconds=seconds(
                client.inputs.get("accessTokenValidity"), units.get("accessToken"), 3600.0
            ),
            refresh_seconds=seconds(
                client.inputs.get("refreshTokenValidity"),
                units.get("refreshToken") or "days",
                30 * 86400.0,
            ),
        )


def _by_precedence(groups: Iterator[Resource]) -> tuple[str, ...]:
    """Return the groups' names, the least powerful first: Cognito's first has the lowest number."""
    ordered = sorted(groups, key=lambda g: (-int(g.inputs.get("precedence") or 0), g.name))
    return tuple(str(group.outputs["name"]) for group in ordered)


def _targets(deployment: Deployment, pools: Pools) -> list[routes.Route[Target]]:
    return [
        routes.Route(
            route.inputs["routeKey"], Target(route.inputs["apiId"], pools[function.outputs["arn"]])
        )
        for route, function in wiring.routed(deployment)
    ]


def _door(deployment: Deployment, behaviour: Behaviour, origin: Origin, named: Properties) -> Door:
    return Door(
        behaviour=behaviour,
        origin=origin,
        host=named["domainName"],
        path=str(named.get("originPath") or ""),
        policies=forwarding.policies(deployment, behaviour),
        keys=edge_wiring.public_keys(deployment, behaviour),
        headers=forwarding.added_headers(deployment, behaviour),
        functions=edge_functions.of_behaviour(deployment, behaviour),
    )


class _Maker:
    """Makes the server behind an origin from what was declared of it."""

    def __init__(
        self,
        deployment: Deployment,
        pools: Pools,
        cloud: Cloud,
        web: Path | None,
        address: str,
        login: Login,
        log: Log,
    ) -> None:
        self._deployment = deployment
        self._pools = pools
        self._cloud = cloud
        self._web = web
        self._address = address
        self._login = login
        self._log = log

    def origin(self, server: Resource) -> Origin:
        """Return the bucket, API or function address."""
        match server.type:
            case declared.BUCKET:
                return self._site(server)
            case declared.API:
                return HttpApi(server.id, list(self._endpoints(server)), self._login, self._log)
        function = wiring.find_function(self._deployment, server.inputs["functionName"])
        if function is None:
            raise LookupError(server.inputs["functionName"])
        return FunctionAddress(server.id, self._pools[function.outputs["arn"]], self._log)

    def _site(self, bucket: Resource) -> WebSite:
        """Read the declared objects; with a declared index.html they are all there is."""
        objects = {
            one.inputs["key"]: self._stored(bucket, one.inputs["key"])
            for one in self._deployment.of(declared.BUCKET_OBJECT)
            if one.inputs["bucket"] == bucket.id
        }
        built = self._web if "index.html" not in objects else None
        return WebSite(bucket.id, objects, WebFolder(built) if built else None)

    def _stored(self, bucket: Resource, key: str) -> StoredFile:
        found = self._cloud.s3.get_object(Bucket=bucket.id, Key=key)
        body = found["Body"].read()
        return StoredFile(
            body=self._signing_in_here(body) if key == CONFIG else body,
            content_type=found.get("ContentType") or guessed_type(key),
            cache_control=found.get("CacheControl") or "",
        )

    def _signing_in_here(self, config: bytes) -> bytes:
        """Put this address in the place of the declared login's, which is only there in AWS."""
        document: Any = json.loads(config)
        login = document.get("login")
        if login and login.get("authority") in edge_wiring.login_addresses(self._deployment):
            login["authority"] = self._address
        return json.dumps(document).encode()

    def _endpoints(self, api: Resource) -> Iterator[routes.Route[Endpoint]]:
        for route, function in wiring.routed(self._deployment):
            if route.inputs["apiId"] == api.id:
                pool = self._pools[function.outputs["arn"]]
                yield routes.Route(route.inputs["routeKey"], self._endpoint(route, pool))

    def _endpoint(self, route: Resource, pool: Pool) -> Endpoint:
        match route.inputs.get("authorizationType", "NONE"):
            case "NONE":
                return Endpoint(pool)
            case "JWT":
                found = edge_wiring.find(
                    self._deployment, declared.AUTHORIZER, route.inputs.get("authorizerId")
                )
                settings = found.inputs["jwtConfiguration"] if found else {}
                checks = Authorizer(
                    settings.get("issuer", ""), frozenset(settings.get("audiences") or ())
                )
                return Endpoint(pool, checks, tuple(route.inputs.get("authorizationScopes") or ()))
            case kind:
                return Endpoint(
                    pool,
                    closed=f"route {route.inputs['routeKey']!r} asks for {kind}, which no browser "
                    "has; local mode lets in who signed in",
                )
