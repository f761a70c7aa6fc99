"""The one public address: CloudFront in front of web app, API and tiles."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pulumi import ComponentResource, Input, Output, ResourceOptions
from pulumi_aws import cloudfront, route53

from components import behaviors
from components.access_log import AccessLog, AccessLogArgs
from components.certificate import Certificate
from components.firewall import Firewall
from components.function import Function
from components.later import later
from components.place import Place
from components.security_headers import SecurityHeaders, SecurityHeadersArgs
from components.signing_key import SigningKey
from components.tile_paths import TilePaths, TilePathsArgs
from components.tile_service import TileService
from components.website import Website, WebsiteArgs

# The API takes 29 s at most; a little more lets its own error through.
WAIT_SECONDS = 30

APP_PAGES = Path(__file__).with_name("app_pages.js")


@dataclass(frozen=True, kw_only=True)
class DistributionArgs:
    """What stands behind the address.

    ``web_folder`` holds the built web app, ``api_domain`` is the host of the HTTP API, ``talks_to``
    are the addresses that the app uses besides: the sign-in page's, and the bucket's where it reads
    that itself. With a ``certificate`` its domain is the address, else a name of CloudFront's. The
    access log is kept ``log_days``. ``price_class`` says from where the world is served; the
    cheapest: from Europe and North America.
    """

    place: Place
    web_folder: Path
    api_domain: Input[str]
    tiles: Function | TileService
    signing_key: SigningKey
    talks_to: tuple[Input[str], ...]
    log_days: int
    price_class: Literal["PriceClass_100", "PriceClass_200", "PriceClass_All"] = "PriceClass_100"
    certificate: Certificate | None = None
    firewall: Firewall | None = None


class Distribution(ComponentResource):
    """HTTPS only. Tiles open with signed cookies, the API with its token; the app is for anyone."""

    website: Website
    arn: Output[str]
    domain: Output[str]
    address: Output[str]
    distribution_id: Output[str]

    def __init__(
        self, name: str, args: DistributionArgs, opts: ResourceOptions | None = None
    ) -> None:
        super().__init__("labsight:edge:Distribution", name, None, opts)
        self._child = ResourceOptions(parent=self)
        certificate = args.certificate
        with later() as (arn, tell):  # the site's bucket lets in the distribution that reads it
            self.website = Website(
                f"{name}-site",
                WebsiteArgs(place=args.place, folder=args.web_folder, distribution_arn=arn),
                self._child,
            )
            distribution = self._distribution(name, args)
            tell(distribution.arn)
        self.arn, self.distribution_id = distribution.arn, distribution.id
        self.domain = distribution.domain_name
        if certificate:
            self.domain = Output.from_input(certificate.domain)
            self._alias(name, certificate, distribution)
        self.address = Output.concat("https://", self.domain)
        if isinstance(args.tiles, Function):
            args.tiles.allow_distribution(name, self.arn)
        AccessLog(
            f"{name}-log",
            AccessLogArgs(place=args.place, distribution_arn=self.arn, days=args.log_days),
            self._child,
        )
        self.register_outputs({"address": self.address})

    def _distribution(self, name: str, args: DistributionArgs) -> cloudfront.Distribution:
        certificate = args.certificate
        said = SecurityHeaders(name, SecurityHeadersArgs(talks_to=args.talks_to), self._child)
        headers = said.policy_id
        tiles = TilePathsArgs(headers=headers, key_group=args.signing_key.key_group_id)
        return cloudfront.Distribution(
            f"{name}-distribution",
            comment="labsight: web app, API and tiles",
            enabled=True,
            is_ipv6_enabled=True,
            http_version="http2and3",
            price_class=args.price_class,
            default_root_object="index.html",
            aliases=[certificate.domain] if certificate else None,
            viewer_certificate=_certificate(certificate),
            web_acl_id=args.firewall.arn if args.firewall else None,
            origins=self._origins(name, args),
            default_cache_behavior=behaviors.site(headers, self._app_pages(name)),
            # Kept for ten seconds otherwise, when trying again is what helps.
            custom_error_responses=[
                {"error_code": code, "error_caching_min_ttl": 0} for code in (502, 503, 504)
            ],
            ordered_cache_behaviors=[
                *TilePaths(f"{name}-tiles", tiles, self._child).behaviours,
                behaviors.api("/api/*", headers),
                behaviors.api("/healthz", headers, "read"),
            ],
            restrictions={"geo_restriction": {"restriction_type": "none"}},
            opts=self._child,
        )

    def _origins(
        self, name: str, args: DistributionArgs
    ) -> list[cloudfront.DistributionOriginArgsDict]:
        return [
            {
                "origin_id": behaviors.SITE,
                "domain_name": self.website.domain,
                "origin_access_control_id": self._signed(name, "s3"),
            },
            {
                "origin_id": behaviors.API,
                "domain_name": args.api_domain,
                "custom_origin_config": _over_tls(),
            },
            self._tile_origin(name, args),
        ]

    def _tile_origin(
        self, name: str, args: DistributionArgs
    ) -> cloudfront.DistributionOriginArgsDict:
        """Reach a function at its own address, containers through the VPC."""
        if isinstance(args.tiles, TileService):
            return {
                "origin_id": behaviors.TILES,
                "domain_name": args.tiles.balancer.host,
                "vpc_origin_config": {
                    "vpc_origin_id": args.tiles.balancer.vpc_origin_id,
                    "origin_read_timeout": WAIT_SECONDS,
                },
            }
        return {
            "origin_id": behaviors.TILES,
            "domain_name": args.tiles.url_host(args.place),
            "origin_access_control_id": self._signed(name, "lambda"),
            "custom_origin_config": _over_tls(),
        }

    def _signed(self, name: str, kind: str) -> Output[str]:
        """Have CloudFront sign each request to an origin, which takes no others."""
        control = cloudfront.OriginAccessControl(
            f"{name}-{kind}-access",
            description=f"labsight: signs requests to {kind}",
            origin_access_control_origin_type=kind,
            signing_behavior="always",
            signing_protocol="sigv4",
            opts=self._child,
        )
        return control.id

    def _app_pages(self, name: str) -> Output[str]:
        function = cloudfront.Function(
            f"{name}-app-pages",
            runtime="cloudfront-js-2.0",
            comment="labsight: pages of the web app start from index.html",
            code=APP_PAGES.read_text(encoding="utf-8"),
            publish=True,
            opts=self._child,
        )
        return function.arn

    def _alias(
        self, name: str, certificate: Certificate, distribution: cloudfront.Distribution
    ) -> None:
        """Lead the own domain to CloudFront, over IPv4 and IPv6."""
        for kind in ("A", "AAAA"):
            route53.Record(
                f"{name}-{kind.lower()}",
                zone_id=certificate.hosted_zone,
                name=certificate.domain,
                type=kind,
                aliases=[
                    {
                        "name": distribution.domain_name,
                        "zone_id": distribution.hosted_zone_id,
                        "evaluate_target_health": False,
                    }
                ],
                opts=self._child,
            )


def _over_tls() -> cloudfront.DistributionOriginCustomOriginConfigArgsDict:
    return {
        "http_port": 80,
        "https_port": 443,
        "origin_protocol_policy": "https-only",
        "origin_ssl_protocols": ["TLSv1.2"],
        "origin_read_timeout": WAIT_SECONDS,
    }


def _certificate(
    certificate: Certificate | None,
) -> cloudfront.DistributionViewerCertificateArgsDict:
    """CloudFront's own certificate comes with no choice of TLS versions; an own one does."""
    if certificate is None:
        return {"cloudfront_default_certificate": True}
    return {
        "acm_certificate_arn": certificate.arn,
        "ssl_support_method": "sni-only",
        "minimum_protocol_version": "TLSv1.2_2021",
    }
