"""Finds wires of a declared edge that lead nowhere, or through which AWS would let nobody."""

import json
from collections.abc import Iterator
from typing import Any

from local import declared, edge_wiring, wiring
from local.declared import Deployment, Properties, Resource
from local.edge_wiring import Behaviour
from local.forwarding import passes, policies

CLOUDFRONT = "cloudfront.amazonaws.com"


def broken_edge(deployment: Deployment) -> Iterator[str]:
    """Yield one sentence for each wire of the edge that leads nowhere."""
    for distribution in deployment.of(declared.DISTRIBUTION):
        for behaviour in edge_wiring.behaviours(distribution):
            yield from _behaviour(deployment, behaviour)
        yield from _error_pages(deployment, distribution)


def _behaviour(deployment: Deployment, behaviour: Behaviour) -> Iterator[str]:
    origin = edge_wiring.find_origin(behaviour)
    if origin is None:
        wanted = behaviour.inputs.get("targetOriginId")
        yield f"{behaviour} leads to origin {wanted!r}, which its distribution does not have"
        return
    server = edge_wiring.find_server(deployment, origin)
    if server is None:
        yield (
            f"{behaviour} leads to {origin['domainName']}, which is no declared bucket, API or "
            "function URL"
        )
        return
    found = policies(deployment, behaviour)
    if None in found:
        yield f"{behaviour}: its cache or origin request policy is neither declared nor AWS's own"
    if server.type != declared.BUCKET and passes(found, "host"):
        yield (
            f"{behaviour} passes the viewer's Host header on to {server}, which answers to its own "
            "name alone; use AllViewerExceptHostHeader"
        )
    yield from _trusted(deployment, behaviour)
    yield from _server(deployment, behaviour, origin, server)


def _server(
    deployment: Deployment, behaviour: Behaviour, origin: Properties, server: Resource
) -> Iterator[str]:
    match server.type:
        case declared.BUCKET:
            yield from _bucket(deployment, behaviour, origin, server)
        case declared.API:
            yield from _api(deployment, behaviour, origin, server)
        case declared.FUNCTION_URL:
            yield from _function(deployment, behaviour, origin, server)


def _trusted(deployment: Deployment, behaviour: Behaviour) -> Iterator[str]:
    for wanted in behaviour.inputs.get("trustedKeyGroups") or ():
        group = edge_wiring.find(deployment, declared.KEY_GROUP, wanted)
        if group is None:
            yield f"{behaviour} trusts key group {wanted}, which is not declared"
            continue
        for item in group.inputs["items"]:
            if edge_wiring.find(deployment, declared.PUBLIC_KEY, item) is None:
                yield f"key group {group}: {item} is no declared public key"


def _bucket(
    deployment: Deployment, behaviour: Behaviour, origin: Properties, bucket: Resource
) -> Iterator[str]:
    if not _signs(deployment, origin, "s3"):
        yield f"{behaviour} reads bucket {bucket} without an origin access control for s3"
    texts = [
        policy.inputs["policy"]
        for policy in deployment.of(declared.BUCKET_POLICY)
        if policy.inputs["bucket"] == bucket.id
    ]
    statements = [s for text in texts for s in _document(text)["Statement"]]
    if not any(_lets_read(s, behaviour.distribution, bucket) for s in statements):
        yield (
            f"{behaviour}: no policy of bucket {bucket} lets {CLOUDFRONT} read it (s3:GetObject) "
            f"for distribution {behaviour.distribution}"
        )


def _lets_read(statement: Properties, distribution: Resource, bucket: Resource) -> bool:
    principal = statement.get("Principal")
    condition = json.dumps(statement.get("Condition") or {})
    return (
        statement["Effect"] == "Allow"
        and isinstance(principal, dict)
        and CLOUDFRONT in _as_list(principal.get("Service", ()))
        and bool({"s3:GetObject", "s3:*"} & set(_as_list(statement["Action"])))
        and any(r.startswith(bucket.outputs["arn"]) for r in _as_list(statement["Resource"]))
        and distribution.outputs["arn"] in condition
    )


def _api(
    deployment: Deployment, behaviour: Behaviour, origin: Properties, api: Resource
) -> Iterator[str]:
    stages = {
        s.outputs["name"] for s in deployment.of(declared.STAGE) if s.inputs["apiId"] == api.id
    }
    wanted = str(origin.get("originPath") or "").removeprefix("/") or "$default"
    if stages and wanted not in stages:
        yield f"{behaviour} leads to stage {wanted} of API {api}, which has {', '.join(stages)}"
    routes = [r for r in deployment.of(declared.ROUTE) if r.inputs["apiId"] == api.id]
    checked = [r for r in routes if r.inputs.get("authorizationType") == "JWT"]
    taken = [r for r in checked if behaviour.takes(_path(r))]
    if taken and not passes(policies(deployment, behaviour), "authorization"):
        yield (
            f"{behaviour} does not pass the Authorization header on, which route "
            f"{taken[0].inputs['routeKey']!r} checks"
        )


def _path(route: Resource) -> str:
    """Return an example of the paths that a route takes."""
    return str(route.inputs["routeKey"]).partition(" ")[2].replace("{", "").replace("+}", "")


def _function(
    deployment: Deployment, behaviour: Behaviour, origin: Properties, address: Resource
) -> Iterator[str]:
    function = wiring.find_function(deployment, address.inputs["functionName"])
    if function is None:
        yield f"function URL {address}: {address.inputs['functionName']} is no declared function"
        return
    if address.inputs.get("authorizationType") != "AWS_IAM":
        yield f"function URL {address} answers anybody; its authorization type has to be AWS_IAM"
    if not _signs(deployment, origin, "lambda"):
        yield f"{behaviour} calls function URL {address} without an origin access control for it"
    for action in ("lambda:InvokeFunctionUrl", "lambda:InvokeFunction"):
        if not _permitted(deployment, function, action, behaviour.distribution):
            yield (
                f"{behaviour}: no lambda.Permission gives {CLOUDFRONT} {action} on function "
                f"{function} for distribution {behaviour.distribution}; CloudFront needs both "
                "InvokeFunctionUrl and InvokeFunction"
            )


def _permitted(
    deployment: Deployment, function: Resource, action: str, distribution: Resource
) -> bool:
    return any(
        p.inputs["principal"] == CLOUDFRONT
        and p.inputs["action"] == action
        and p.inputs.get("sourceArn") == distribution.outputs["arn"]
        and wiring.find_function(deployment, p.inputs["function"]) is function
        for p in deployment.of(declared.PERMISSION)
    )


def _signs(deployment: Deployment, origin: Properties, kind: str) -> bool:
    access = edge_wiring.find(
        deployment, declared.ORIGIN_ACCESS, origin.get("originAccessControlId")
    )
    return access is not None and access.inputs["originAccessControlOriginType"] == kind


def _error_pages(deployment: Deployment, distribution: Resource) -> Iterator[str]:
    """Complain of pages that take the place of what the API has to say as well."""
    origins = (edge_wiring.find_origin(b) for b in edge_wiring.behaviours(distribution))
    servers = [edge_wiring.find_server(deployment, origin) for origin in origins if origin]
    if not any(server and server.type == declared.API for server in servers):
        return
    for page in distribution.inputs.get("customErrorResponses") or ():
        if page.get("responsePagePath"):
            yield (
                f"distribution {distribution}: its page for error {page['errorCode']} takes the "
                "place of the API's answers as well"
            )


def _document(policy: Any) -> Properties:
    document: Properties = json.loads(policy) if isinstance(policy, str) else policy
    return document


def _as_list(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)
