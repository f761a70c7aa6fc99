"""Follows the references of a declared CloudFront distribution, as far as they lead."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from local import declared
from local.declared import Deployment, Properties, Resource

CONFIG = "config.json"  # the site's file that tells the web app how to sign in
DEFAULT = "*"  # what the default behaviour takes: everything that no other one does


@dataclass(frozen=True, kw_only=True)
class Behaviour:
    """One behaviour of a distribution: which paths it takes, and what it says of them."""

    distribution: Resource
    pattern: str
    inputs: Properties

    def __str__(self) -> str:
        return f"distribution {self.distribution}: behaviour {self.pattern!r}"

    @property
    def methods(self) -> frozenset[str]:
        """The methods that it lets through."""
        return frozenset(self.inputs.get("allowedMethods") or ("GET", "HEAD"))

    def takes(self, path: str) -> bool:
        """Say whether a path is its own.

        https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/DownloadDistValuesCacheBehavior.html
        """
        return _pattern(self.pattern).fullmatch(path) is not None


def behaviours(distribution: Resource) -> Iterator[Behaviour]:
    """Yield the behaviours in the order in which CloudFront tries them; the default comes last."""
    for inputs in distribution.inputs.get("orderedCacheBehaviors") or ():
        yield Behaviour(distribution=distribution, pattern=inputs["pathPattern"], inputs=inputs)
    inputs = distribution.inputs["defaultCacheBehavior"]
    yield Behaviour(distribution=distribution, pattern=DEFAULT, inputs=inputs)


def find_origin(behaviour: Behaviour) -> Properties | None:
    """Return the origin that a behaviour names, if its distribution has it."""
    wanted = behaviour.inputs.get("targetOriginId")
    origins = behaviour.distribution.inputs.get("origins") or ()
    return next((origin for origin in origins if origin["originId"] == wanted), None)


def find_server(deployment: Deployment, origin: Properties) -> Resource | None:
    """Return the declared bucket, API or function URL behind an origin's domain name."""
    domain = origin["domainName"]
    kinds = (declared.BUCKET, declared.API, declared.FUNCTION_URL)
    found = (resource for kind in kinds for resource in deployment.of(kind))
    return next((resource for resource in found if domain in _domains(resource)), None)


def _domains(server: Resource) -> tuple[str, ...]:
    match server.type:
        case declared.BUCKET:
            return (server.outputs["bucketRegionalDomainName"], server.outputs["bucketDomainName"])
        case declared.API:
            region = server.outputs["arn"].split(":")[3]
            return (f"{server.id}.execute-api.{region}.amazonaws.com", _host(server, "apiEndpoint"))
    return (_host(server, "functionUrl"),)


def _host(server: Resource, output: str) -> str:
    return str(server.outputs[output]).partition("://")[2].rstrip("/")


def find(deployment: Deployment, kind: str, wanted: object) -> Resource | None:
    """Return the resource of a kind with this id."""
    return next((r for r in deployment.of(kind) if r.id == wanted), None)


def public_keys(deployment: Deployment, behaviour: Behaviour) -> dict[str, str]:
    """Return the keys (PEM, by id) of those whose signed cookies a behaviour takes."""
    groups = behaviour.inputs.get("trustedKeyGroups") or ()
    named = [find(deployment, declared.KEY_GROUP, group) for group in groups]
    items = [item for group in named if group is not None for item in group.inputs["items"]]
    keys = [find(deployment, declared.PUBLIC_KEY, item) for item in items]
    return {key.id: key.inputs["encodedKey"] for key in keys if key is not None}


def pool_of(deployment: Deployment, client: Resource) -> Resource | None:
    """Return the user pool of a declared client."""
    return find(deployment, declared.USER_POOL, client.inputs["userPoolId"])


def issuer_of(pool: Resource) -> str:
    """Return what tokens of a user pool name as their issuer."""
    return f"https://{pool.outputs['endpoint']}"


def login_address(domain: Resource, pool: Resource) -> str:
    """Return the address of the hosted login that a declared domain stands for in AWS.

    https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-assign-domain-prefix.html
    """
    given = str(domain.inputs["domain"])
    if "." in given:  # a domain of one's own
        return f"https://{given}"
    region = str(pool.outputs["arn"]).split(":")[3]
    return f"https://{given}.auth.{region}.amazoncognito.com"


def login_addresses(deployment: Deployment) -> dict[str, Resource]:
    """Return the user pools by the addresses of their hosted logins."""
    found = {}
    for domain in deployment.of(declared.USER_POOL_DOMAIN):
        pool = find(deployment, declared.USER_POOL, domain.inputs["userPoolId"])
        if pool is not None:
            found[login_address(domain, pool)] = pool
    return found


def _pattern(pattern: str) -> re.Pattern[str]:
    """Return a path pattern as a regular expression; the slash in front may be left out."""
    wild = {"*": ".*", "?": "."}
    parts = (wild.get(letter, re.escape(letter)) for letter in "/" + pattern.removeprefix("/"))
    return re.compile(".*" if pattern == DEFAULT else "".join(parts), re.DOTALL)
