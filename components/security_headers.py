"""What browsers are told with every answer: what a page may load, and that it may not be framed."""

from collections.abc import Sequence
from dataclasses import dataclass

from pulumi import ComponentResource, Input, Output, ResourceOptions
from pulumi_aws import cloudfront

TWO_YEARS = 63_072_000  # seconds
PREFLIGHT_SECONDS = 86_400  # as long as browsers remember at most


@dataclass(frozen=True, kw_only=True)
class SecurityHeadersArgs:
    """The addresses besides our own that the web app talks to, such as the sign-in page's.

    ``shared`` answers may be used by other sites' pages, which are told these ``exposed`` headers.
    """

    talks_to: tuple[Input[str], ...] = ()
    shared: bool = False
    exposed: tuple[str, ...] = ()


class SecurityHeaders(ComponentResource):
    """A response headers policy; what it says counts over what an origin says."""

    policy_id: Output[str]

    def __init__(
        self, name: str, args: SecurityHeadersArgs, opts: ResourceOptions | None = None
    ) -> None:
        super().__init__("labsight:edge:SecurityHeaders", name, None, opts)
        said = Output.all(*args.talks_to).apply(content_security_policy)
        policy = cloudfront.ResponseHeadersPolicy(
            f"{name}-headers",
            comment="labsight: nothing from elsewhere, never framed, TLS only",
            cors_config=_shared(args.exposed) if args.shared else None,
            security_headers_config={
                "content_security_policy": {
                    "content_security_policy": said,
                    "override": True,
                },
                "content_type_options": {"override": True},
                "frame_options": {"frame_option": "DENY", "override": True},
                "referrer_policy": {"referrer_policy": "same-origin", "override": True},
                "strict_transport_security": {
                    "access_control_max_age_sec": TWO_YEARS,
                    "include_subdomains": True,
                    "override": True,
                },
            },
            custom_headers_config={
                "items": [
                    {
                        "header": "Cross-Origin-Resource-Policy",
                        "value": "cross-origin" if args.shared else "same-origin",
                        "override": True,
                    },
                    {
                        "header": "Permissions-Policy",
                        "value": "camera=(), geolocation=(), microphone=()",
                        "override": True,
                    },
                ]
            },
            opts=ResourceOptions(parent=self),
        )
        self.policy_id = policy.id
        self.register_outputs({"policy_id": self.policy_id})


def _shared(exposed: Sequence[str]) -> cloudfront.ResponseHeadersPolicyCorsConfigArgsDict:
    """Let any page read an answer that it can get; it gets none without cookies of our own."""
    return {
        "access_control_allow_credentials": False,
        "access_control_allow_headers": {"items": ["*"]},
        "access_control_allow_methods": {"items": ["GET", "HEAD"]},
        "access_control_allow_origins": {"items": ["*"]},
        "access_control_expose_headers": {"items": list(exposed)},
        "access_control_max_age_sec": PREFLIGHT_SECONDS,
        "origin_override": True,
    }


def content_security_policy(talks_to: Sequence[str]) -> str:
    """Return what pages may do: load from their own origin, and talk to ``talks_to`` as well.

    OpenSeadragon paints tiles from ``blob:`` addresses and sets styles from scripts, which asks
    for nothing more.
    """
    rules = {
        "default-src": ["'self'"],
        "img-src": ["'self'", "data:", "blob:"],
        "connect-src": ["'self'", *talks_to],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    }
    return "; ".join(" ".join([rule, *sources]) for rule, sources in rules.items())
