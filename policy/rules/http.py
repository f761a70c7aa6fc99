"""What the world can reach: the edge, the API behind it, and who may sign in."""

from policy.rule import Companion, Properties, Rule, at_least, each, equals, inside, is_set, is_true

ROUTE = "aws:apigatewayv2/route:Route"
STAGE = "aws:apigatewayv2/stage:Stage"
DISTRIBUTION = "aws:cloudfront/distribution:Distribution"
POOL = "aws:cognito/userPool:UserPool"
CLIENT = "aws:cognito/userPoolClient:UserPoolClient"

_ENCRYPTED_ONLY = equals("viewerProtocolPolicy", "redirect-to-https", "https-only")
# Paths that anyone may fetch: the web app, what tells whether the service is up, and the API,
# whose routes check for themselves.
OPEN_PATHS = {"/api/*", "/healthz"}


def _is_encrypted_on_the_way(properties: Properties) -> bool:
    return inside("defaultCacheBehavior", _ENCRYPTED_ONLY)(properties) and each(
        "orderedCacheBehaviors", _ENCRYPTED_ONLY
    )(properties)


def _asks_for_cookies(properties: Properties) -> bool:
    return all(
        behaviour.get("trustedKeyGroups")
        for behaviour in properties.get("orderedCacheBehaviors") or []
        if behaviour["pathPattern"] not in OPEN_PATHS
    )


def _speaks_modern_tls(properties: Properties) -> bool:
    certificate = properties.get("viewerCertificate") or {}
    version = str(certificate.get("minimumProtocolVersion", ""))
    return certificate.get("cloudfrontDefaultCertificate") is True or version >= "TLSv1.2_2021"


def _has_headers(properties: Properties) -> bool:
    has = is_set("responseHeadersPolicyId")
    return inside("defaultCacheBehavior", has)(properties) and each("orderedCacheBehaviors", has)(
        properties
    )


RULES = (
    Rule(
        "APIGateway.8/CKV_AWS_309",
        ROUTE,
        "checks who calls",
        lambda p: p.get("authorizationType", "NONE") != "NONE",
    ),
    Rule(
        "APIGateway.9/CKV_AWS_76",
        STAGE,
        "logs each request",
        inside("accessLogSettings", is_set("destinationArn")),
    ),
    Rule("CloudFront.3/CKV_AWS_34", DISTRIBUTION, "speaks HTTPS alone", _is_encrypted_on_the_way),
    Rule("CloudFront.15/CKV_AWS_174", DISTRIBUTION, "speaks TLS 1.2 or later", _speaks_modern_tls),
    Rule("CloudFront.1/CKV_AWS_305", DISTRIBUTION, "has a first page", is_set("defaultRootObject")),
    Rule("CKV2_AWS_32", DISTRIBUTION, "sends security headers", _has_headers),
    Rule("TILES-SIGNED", DISTRIBUTION, "asks for signed cookies", _asks_for_cookies),
    Rule(
        "Cognito.3",
        POOL,
        "asks for long passwords",
        inside("passwordPolicy", at_least("minimumLength", 12)),
    ),
    Rule(
        "Cognito.2",
        POOL,
        "offers a second factor",
        equals("mfaConfiguration", "ON", "OPTIONAL"),
    ),
    Rule(
        "COGNITO-INVITED",
        POOL,
        "takes invited users alone",
        inside("adminCreateUserConfig", is_true("allowAdminCreateUserOnly")),
    ),
    Rule(
        "COGNITO-CODE",
        CLIENT,
        "signs in by code alone",
        lambda p: p.get("allowedOauthFlows") == ["code"] and not p.get("generateSecret"),
    ),
    Rule(
        "COGNITO-SILENT",
        CLIENT,
        "does not tell who exists",
        equals("preventUserExistenceErrors", "ENABLED"),
    ),
)

COMPANIONS: tuple[Companion, ...] = ()
