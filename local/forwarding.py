"""What CloudFront passes on from the browser to an origin, and adds to the answer on its way back.

Only what a cache policy or an origin request policy names reaches an origin: a search that loses
its query string, or an API that never sees the token, is a mistake that shows nowhere else.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from local import declared, payload
from local.declared import Deployment, Properties, Resource
from local.edge_wiring import Behaviour, find

NOTHING: frozenset[str] = frozenset()
# What an origin is told of in any case: how the body is to be read, and the connection's own.
ALWAYS = frozenset({"content-type", "content-length", "user-agent"})


@dataclass(frozen=True)
class Names:
    """A set of names: these alone, or all but these."""

    names: frozenset[str] = NOTHING
    inverted: bool = False

    def __contains__(self, name: str) -> bool:
        return (name in self.names) != self.inverted


ALL, NONE = Names(inverted=True), Names()


@dataclass(frozen=True, kw_only=True)
class Forwarded:
    """The headers (in lower case), cookies and query parameters that one policy passes on."""

    headers: Names = NONE
    cookies: Names = NONE
    query: Names = NONE


# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-cache-policies.html
_ORIGIN_DECIDES = Names(
    frozenset({"host", "origin", "x-http-method-override", "x-http-method", "x-method-override"})
)
MANAGED_CACHE_POLICIES = {
    "658327ea-f89d-4fab-a63d-7e88639e58f6": Forwarded(),  # CachingOptimized
    "b2884449-e4de-46a7-ac36-70bc7f1ddd6d": Forwarded(),  # ...ForUncompressedObjects
    "4135ea2d-6df8-44a3-9df3-4b5a84be39ad": Forwarded(),  # CachingDisabled
    "83da9c7e-98b4-4e11-a168-04f0df8e2c65": Forwarded(headers=_ORIGIN_DECIDES, cookies=ALL),
    "4cc15a8a-d715-48a4-82b8-cc0b614638fe": Forwarded(
        headers=_ORIGIN_DECIDES, cookies=ALL, query=ALL
    ),
}
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-origin-request-policies.html
_CORS = ("origin", "access-control-request-headers", "access-control-request-method")
MANAGED_REQUEST_POLICIES = {
    "216adef6-5c7f-47e4-b989-5492eafa07d3": Forwarded(headers=ALL, cookies=ALL, query=ALL),
    "33f36d7e-f396-46d9-90e0-52428a34d9dc": Forwarded(headers=ALL, cookies=ALL, query=ALL),
    "b689b0a8-53d0-40ab-baf2-68738e2966ac": Forwarded(  # AllViewerExceptHostHeader
        headers=Names(frozenset({"host"}), inverted=True), cookies=ALL, query=ALL
    ),
    "59781a5b-3903-41f3-afcb-af62929ccde1": Forwarded(headers=Names(frozenset({"origin"}))),
    "88a5eaf4-2fd4-4709-b370-b4c650ea3fcf": Forwarded(headers=Names(frozenset(_CORS))),
    "acba4595-bd28-49b8-b9fe-13317c0390fa": Forwarded(
        headers=Names(frozenset({"user-agent", "referer"}))
    ),
}
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-response-headers-policies.html
MANAGED_HEADERS = {
    "67f7725c-6f97-4210-82d7-5512b31e9d03": {  # SecurityHeadersPolicy
        "x-xss-protection": "1; mode=block",
        "x-frame-options": "SAMEORIGIN",
        "referrer-policy": "strict-origin-when-cross-origin",
        "x-content-type-options": "nosniff",
    },
}


def policies(deployment: Deployment, behaviour: Behaviour) -> tuple[Forwarded | None, ...]:
    """Return what a behaviour's policies pass on; None stands for a policy that nobody declared."""
    cache, request = behaviour.inputs.get("cachePolicyId"), _request_policy(behaviour)
    return (
        *((_cache_policy(deployment, cache),) if cache else ()),
        *((_declared_request_policy(deployment, request),) if request else ()),
    )


def passes(found: Iterable[Forwarded | None], header: str) -> bool:
    """Say whether any of the policies passes a header on."""
    return any(policy is not None and header in policy.headers for policy in found)


def forwarded(
    asked: payload.Request, found: Iterable[Forwarded | None], host: str
) -> payload.Request:
    """Return a request as the origin gets it; ``host`` is the origin's own name."""
    known = [policy for policy in found if policy is not None]
    headers = [
        (name, value)
        for name, value in asked.headers
        if name in ALWAYS or (name != "cookie" and any(name in p.headers for p in known))
    ]
    cookies = [
        cookie
        for name, value in asked.headers
        if name == "cookie"
        for cookie in value.split("; ")
        if any(cookie.partition("=")[0] in p.cookies for p in known)
    ]
    query = [
        part
        for part in asked.query.split("&")
        if part and any(part.partition("=")[0] in p.query for p in known)
    ]
    kept = [*headers, ("cookie", "; ".join(cookies))] if cookies else headers
    if all(name != "host" for name, _ in kept):
        kept = [*kept, ("host", host)]
    return replace(asked, headers=tuple(kept), query="&".join(query))


def added_headers(deployment: Deployment, behaviour: Behaviour) -> dict[str, str]:
    """Return the headers that a behaviour's response headers policy puts on every answer.

    Transport security is left out: it is about https, and this machine speaks http.
    """
    wanted = behaviour.inputs.get("responseHeadersPolicyId")
    if wanted in MANAGED_HEADERS:
        return MANAGED_HEADERS[wanted]
    policy = find(deployment, declared.HEADERS_POLICY, wanted)
    if policy is None:
        return {}
    security = policy.inputs.get("securityHeadersConfig") or {}
    items = (policy.inputs.get("customHeadersConfig") or {}).get("items") or ()
    made = {str(item["header"]).lower(): str(item["value"]) for item in items}
    made.update(_shared(policy.inputs.get("corsConfig") or {}))
    if security.get("contentTypeOptions"):
        made["x-content-type-options"] = "nosniff"
    for header, setting, value in (
        ("x-frame-options", "frameOptions", "frameOption"),
        ("referrer-policy", "referrerPolicy", "referrerPolicy"),
        ("content-security-policy", "contentSecurityPolicy", "contentSecurityPolicy"),
    ):
        if security.get(setting):
            made[header] = str(security[setting][value])
    if "content-security-policy" in made:
        rules = made["content-security-policy"].split(";")
        kept = [rule.strip() for rule in rules if rule.strip() != "upgrade-insecure-requests"]
        made["content-security-policy"] = "; ".join(filter(None, kept))
    return made


def _shared(cors: Properties) -> dict[str, str]:
    """Return what other sites' pages are told; CloudFront tells it those alone, here all hear it.

    https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/understanding-response-headers-policies.html
    """
    names = {
        "access-control-allow-origin": "accessControlAllowOrigins",
        "access-control-expose-headers": "accessControlExposeHeaders",
    }
    listed = {name: (cors.get(key) or {}).get("items") or () for name, key in names.items()}
    return {name: ", ".join(map(str, items)) for name, items in listed.items() if items}


def _request_policy(behaviour: Behaviour) -> Any:
    return behaviour.inputs.get("originRequestPolicyId")


def _cache_policy(deployment: Deployment, wanted: Any) -> Forwarded | None:
    if wanted in MANAGED_CACHE_POLICIES:
        return MANAGED_CACHE_POLICIES[wanted]
    policy = find(deployment, declared.CACHE_POLICY, wanted)
    if policy is None:
        return None
    return _read(policy.inputs.get("parametersInCacheKeyAndForwardedToOrigin") or {})


def _declared_request_policy(deployment: Deployment, wanted: Any) -> Forwarded | None:
    if wanted in MANAGED_REQUEST_POLICIES:
        return MANAGED_REQUEST_POLICIES[wanted]
    policy: Resource | None = find(deployment, declared.ORIGIN_REQUEST_POLICY, wanted)
    return None if policy is None else _read(policy.inputs)


def _read(inputs: Properties) -> Forwarded:
    return Forwarded(
        headers=_names(inputs, "headersConfig", "header", "headers", lower=True),
        cookies=_names(inputs, "cookiesConfig", "cookie", "cookies"),
        query=_names(inputs, "queryStringsConfig", "queryString", "queryStrings"),
    )


def _names(
    inputs: Mapping[str, Any], config: str, kind: str, items: str, *, lower: bool = False
) -> Names:
    """Read one of a policy's three lists; each has a behaviour and, for some, the names."""
    given = inputs.get(config) or {}
    listed = [str(name) for name in (given.get(items) or {}).get("items") or ()]
    names = frozenset(name.lower() if lower else name for name in listed)
    match given.get(f"{kind}Behavior", "none"):
        case "whitelist" | "allViewerAndWhitelistCloudFront" as how:
            return Names(names) if how == "whitelist" else ALL
        case "all" | "allViewer":
            return ALL
        case "allExcept":
            return Names(names, inverted=True)
    return NONE
