"""The paths under which the edge shows tiles: our own, and those of the IIIF Image API."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pulumi import ComponentResource, Input, Output, ResourceOptions
from pulumi_aws import cloudfront

from components import behaviors
from components.behaviors import TileRules
from components.security_headers import SecurityHeaders, SecurityHeadersArgs

DAY = 86_400  # seconds
SLIDES, IIIF = "/slides/*", "/iiif/*"
EDGE_HOST = Path(__file__).with_name("edge_host.js")
HOST_HEADER = "x-labsight-host"
# What pages of other sites learn of an answer, beyond what browsers tell them in any case.
EXPOSED = ("ETag", "Link", "X-Labsight-Path")


@dataclass(frozen=True, kw_only=True)
class TilePathsArgs:
    """The headers policy of our own pages, and the keys whose cookies open tiles."""

    headers: Input[str]
    key_group: Input[str]


class TilePaths(ComponentResource):
    """Behaviours for tiles: both kinds open with the same cookies.

    What the IIIF paths answer may be used by pages of other sites; a browser sends our cookies from
    none of them, but a viewer of the lab's own that brings signed cookies of its own may be one.
    """

    behaviours: Sequence[cloudfront.DistributionOrderedCacheBehaviorArgsDict]

    def __init__(self, name: str, args: TilePathsArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("labsight:edge:TilePaths", name, None, opts)
        self._name, self._child = name, ResourceOptions(parent=self)
        shared = SecurityHeaders(
            f"{name}-iiif",
            SecurityHeadersArgs(shared=True, exposed=EXPOSED),
            self._child,
        )
        own = TileRules(headers=args.headers, cache=self._cache("tile"), key_group=args.key_group)
        iiif = TileRules(
            headers=shared.policy_id,
            # The address under which the edge was asked is part of what is answered.
            cache=self._cache("iiif", HOST_HEADER),
            key_group=args.key_group,
            passed_on=self._accept(),
            function=self._edge_host(),
        )
        self.behaviours = [behaviors.tiles(SLIDES, own), behaviors.tiles(IIIF, iiif)]
        self.register_outputs({})

    def _cache(self, kind: str, *headers: str) -> Output[str]:
        """Keep answers as long as they say themselves, a day at most: then withdrawn tiles go.

        The query is part of what is asked for: it names the version, and which channels.
        """
        policy = cloudfront.CachePolicy(
            f"{self._name}-{kind}-cache",
            comment="labsight: tiles and descriptors by path and query",
            min_ttl=0,
            default_ttl=0,
            max_ttl=DAY,
            parameters_in_cache_key_and_forwarded_to_origin={
                "cookies_config": {"cookie_behavior": "none"},
                "headers_config": {"header_behavior": "whitelist", "headers": {"items": [*headers]}}
                if headers
                else {"header_behavior": "none"},
                "query_strings_config": {"query_string_behavior": "all"},
                "enable_accept_encoding_gzip": True,
                "enable_accept_encoding_brotli": True,
            },
            opts=self._child,
        )
        return policy.id

    def _accept(self) -> Output[str]:
        """Pass on which form of a description is wanted; descriptions are not cached."""
        policy = cloudfront.OriginRequestPolicy(
            f"{self._name}-iiif-accept",
            comment="labsight: which form of a description is wanted",
            headers_config={"header_behavior": "whitelist", "headers": {"items": ["accept"]}},
            cookies_config={"cookie_behavior": "none"},
            query_strings_config={"query_string_behavior": "none"},
            opts=self._child,
        )
        return policy.id

    def _edge_host(self) -> Output[str]:
        function = cloudfront.Function(
            f"{self._name}-host",
            runtime="cloudfront-js-2.0",
            comment="labsight: says under which address an image was asked for",
            code=EDGE_HOST.read_text(encoding="utf-8"),
            publish=True,
            opts=self._child,
        )
        return function.arn
