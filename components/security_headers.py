"""What browsers are told with every answer: what a page may load, and that it may not be framed."""

from collections.abc import Sequence
from dataclasses import dataclass

from pulumi import ComponentResource, Output, ResourceOptions
from pulumi_aws import cloudfront

TWO_YEARS = 63_072_000  # seconds


@dataclass(frozen=True, kw_only=True)
class SecurityHeadersArgs:
    """The addresses besides our own that the web app talks to: the sign-in page's."""

    talks_to: tuple[str, ...] = ()


class SecurityHeaders(ComponentResource):
    """A response headers policy; what it says counts over what an origin says."""

    policy_id: Output[str]

    def __init__(
        self, name: str, args: SecurityHeadersArgs, opts: ResourceOptions | None = None
    ) -> None:
        super().__init__("labsight:edge:SecurityHeaders", name, None, opts)
        policy = cloudfront.ResponseHeadersPolicy(
            f"{name}-headers",
            comment="labsight: nothing from elsewhere, never framed, TLS only",
            security_headers_config={
                "content_security_policy": {
                    "content_security_policy": content_security_policy(args.talks_to),
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
                        "value": "same-origin",
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
