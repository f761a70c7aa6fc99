"""How CloudFront treats each kind of path: who may ask, what is cached, what is passed on."""

from dataclasses import dataclass
from typing import Literal

from pulumi import Input
from pulumi_aws import cloudfront

# AWS's own policies:
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-cache-policies.html
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-origin-request-policies.html
CACHE_FILES = "658327ea-f89d-4fab-a63d-7e88639e58f6"  # CachingOptimized: as the origin says
NO_CACHE = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"  # CachingDisabled
# AllViewerExceptHostHeader: Authorization too, which is allowed where nothing is cached.
FORWARD_ALL = "b689b0a8-53d0-40ab-baf2-68738e2966ac"

SITE, API, TILES = "site", "api", "tiles"  # origins

READ = ("GET", "HEAD")
ANY_METHOD = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")


def site(
    headers: Input[str], app_pages: Input[str]
) -> cloudfront.DistributionDefaultCacheBehaviorArgsDict:
    """Show the web app to anyone; it holds nothing but itself."""
    return {
        "target_origin_id": SITE,
        "viewer_protocol_policy": "redirect-to-https",
        "allowed_methods": list(READ),
        "cached_methods": list(READ),
        "compress": True,
        "cache_policy_id": CACHE_FILES,
        "response_headers_policy_id": headers,
        "function_associations": [{"event_type": "viewer-request", "function_arn": app_pages}],
    }


@dataclass(frozen=True, kw_only=True)
class TileRules:
    """What holds for one kind of path to tiles: headers, cache, and what else is passed on."""

    headers: Input[str]
    cache: Input[str]
    key_group: Input[str]
    passed_on: Input[str] | None = None
    function: Input[str] | None = None


def tiles(path: str, rules: TileRules) -> cloudfront.DistributionOrderedCacheBehaviorArgsDict:
    """Show tiles to browsers with signed cookies; those in the cache as well.

    CloudFront signs what it asks the function, in the header that else holds the caller's token.
    """
    run: cloudfront.DistributionOrderedCacheBehaviorFunctionAssociationArgsDict | None = (
        {"event_type": "viewer-request", "function_arn": rules.function} if rules.function else None
    )
    return {
        "path_pattern": path,
        "target_origin_id": TILES,
        "viewer_protocol_policy": "https-only",
        "allowed_methods": list(READ),
        "cached_methods": list(READ),
        "compress": True,
        "cache_policy_id": rules.cache,
        "origin_request_policy_id": rules.passed_on,
        "response_headers_policy_id": rules.headers,
        "function_associations": [run] if run else None,
        "trusted_key_groups": [rules.key_group],
    }


def api(
    path: str, headers: Input[str], methods: Literal["read", "any"] = "any"
) -> cloudfront.DistributionOrderedCacheBehaviorArgsDict:
    """Pass everything on, the token included, and its answers back as they are."""
    return {
        "path_pattern": path,
        "target_origin_id": API,
        "viewer_protocol_policy": "https-only",
        "allowed_methods": list(ANY_METHOD if methods == "any" else READ),
        "cached_methods": list(READ),
        "compress": True,
        "cache_policy_id": NO_CACHE,
        "origin_request_policy_id": FORWARD_ALL,
        "response_headers_policy_id": headers,
    }
