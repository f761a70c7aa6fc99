"""Finds wires between the web app, the login and the API through which nobody could sign in."""

import json
from collections.abc import Iterator

from local import declared, edge_wiring
from local.declared import Deployment, Properties, Resource
from local.edge_wiring import CONFIG


def broken_login(deployment: Deployment) -> Iterator[str]:
    """Yield one sentence for each wire of the login that leads nowhere.

    Without a distribution nobody signs in, and nothing is checked.
    """
    for distribution in deployment.of(declared.DISTRIBUTION):
        yield from _config(deployment, distribution)
        yield from _clients(deployment, distribution)
    if any(deployment.of(declared.DISTRIBUTION)):
        yield from _authorizers(deployment)


def _config(deployment: Deployment, distribution: Resource) -> Iterator[str]:
    """Complain when the web app is told of a login that is not the declared one."""
    buckets = {
        server.id
        for behaviour in edge_wiring.behaviours(distribution)
        if (origin := edge_wiring.find_origin(behaviour))
        and (server := edge_wiring.find_server(deployment, origin))
        and server.type == declared.BUCKET
    }
    found = [
        one
        for one in deployment.of(declared.BUCKET_OBJECT)
        if one.inputs["key"] == CONFIG and one.inputs["bucket"] in buckets
    ]
    checked = [r for r in deployment.of(declared.ROUTE) if r.inputs.get("authorizerId")]
    if not found and checked:
        yield (
            f"distribution {distribution}: its site has no {CONFIG}, so the web app signs nobody "
            f"in, and route {checked[0].inputs['routeKey']!r} asks for a token"
        )
    if len(found) > 1:
        names = ", ".join(str(one) for one in found)
        yield f"distribution {distribution}: its site has {len(found)} {CONFIG}: {names}"
    for one in found:
        login = json.loads(one.inputs.get("content") or "{}").get("login")
        yield from _login(deployment, one, login) if login else ()


def _login(deployment: Deployment, config: Resource, login: Properties) -> Iterator[str]:
    where = f"object {config} ({CONFIG})"
    addresses = edge_wiring.login_addresses(deployment)
    if login.get("authority") not in addresses:
        yield (
            f"{where}: authority {login.get('authority')} is no declared login; there is "
            f"{', '.join(addresses) or 'none'}"
        )
    client = edge_wiring.find(deployment, declared.USER_POOL_CLIENT, login.get("clientId"))
    if client is None:
        yield f"{where}: clientId {login.get('clientId')} is no declared user pool client"
        return
    missing = set(login.get("scopes") or ()) - set(client.inputs.get("allowedOauthScopes") or ())
    if missing:
        yield f"{where}: client {client} does not allow scope {', '.join(sorted(missing))}"


def _clients(deployment: Deployment, distribution: Resource) -> Iterator[str]:
    names = [distribution.outputs["domainName"], *(distribution.inputs.get("aliases") or ())]
    for client in deployment.of(declared.USER_POOL_CLIENT):
        pool = edge_wiring.pool_of(deployment, client)
        if pool is None:
            yield f"user pool client {client}: {client.inputs['userPoolId']} is no declared pool"
            continue
        if "code" not in (client.inputs.get("allowedOauthFlows") or ()):
            yield f"user pool client {client}: allowed_oauth_flows has no 'code'"
        for setting in ("callbackUrls", "logoutUrls"):
            given = client.inputs.get(setting) or ()
            if not any(f"https://{name}/" in given for name in names):
                yield (
                    f"user pool client {client}: {setting} {list(given)} lacks "
                    f"https://{names[-1]}/, where the web app is"
                )
        groups = deployment.of(declared.USER_GROUP)
        if all(group.inputs["userPoolId"] != pool.id for group in groups):
            yield f"user pool {pool}: it has no groups, so nobody has a role"


def _authorizers(deployment: Deployment) -> Iterator[str]:
    clients = {client.id: client for client in deployment.of(declared.USER_POOL_CLIENT)}
    issuers = {edge_wiring.issuer_of(p): p for p in deployment.of(declared.USER_POOL)}
    for authorizer in deployment.of(declared.AUTHORIZER):
        settings = authorizer.inputs.get("jwtConfiguration") or {}
        pool = issuers.get(str(settings.get("issuer")))
        if pool is None:
            yield f"authorizer {authorizer}: issuer {settings.get('issuer')} is no declared pool"
            continue
        for audience in settings.get("audiences") or ():
            client = clients.get(audience)
            if client is None or client.inputs["userPoolId"] != pool.id:
                yield f"authorizer {authorizer}: audience {audience} is no client of pool {pool}"
    for route in deployment.of(declared.ROUTE):
        if route.inputs.get("authorizationType") != "JWT":
            continue
        wanted = route.inputs.get("authorizerId")
        found = edge_wiring.find(deployment, declared.AUTHORIZER, wanted)
        if found is None or found.inputs["apiId"] != route.inputs["apiId"]:
            yield (
                f"route {route.inputs['routeKey']!r} ({route}): {wanted} is no authorizer of its "
                "API"
            )
