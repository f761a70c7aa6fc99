import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pytest

from components.api import Api, ApiArgs, JwtAuthorizer, Route
from components.certificate import Certificate, CertificateArgs
from components.distribution import APP_PAGES, Distribution, DistributionArgs
from components.firewall import Firewall, FirewallArgs
from components.function import Function, FunctionArgs
from components.identity import UserPool, UserPoolArgs, login_address
from components.later import later
from components.login_client import LoginClient, LoginClientArgs
from components.place import Place
from components.security_headers import content_security_policy
from components.signing_key import SigningKey, SigningKeyArgs
from components.tile_paths import EDGE_HOST
from tests.support.functions import platform
from tests.support.pulumi_outputs import ACCOUNT, REGION
from tests.support.pulumi_recorder import Declare, Recorded

PLACE = Place(ACCOUNT, REGION)
HEADERS = "aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy"
DISTRIBUTION = "aws:cloudfront/distribution:Distribution"
PUBLIC = "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A\n-----END PUBLIC KEY-----"
PRIVATE = "planted-private-key"
LOGIN = "https://labsight-test.auth.eu-central-1.amazoncognito.com"
Program = Callable[..., pulumi.Output[str]]


@pytest.fixture
def edge(tmp_path: Path) -> Program:
    """Declares a distribution with all that it needs, and returns its address."""
    (tmp_path / "index.html").write_text("<!doctype html>")

    def program(*, domain: bool = False, firewall: bool = False) -> pulumi.Output[str]:
        certificate = CertificateArgs(domain="slides.example.org", hosted_zone="Z0123456789")
        args = DistributionArgs(
            place=PLACE,
            web_folder=tmp_path,
            api_domain="abc.execute-api.eu-central-1.amazonaws.com",
            tiles=function("tiles"),
            signing_key=signing_key(),
            talks_to=(LOGIN,),
            log_days=90,
            certificate=Certificate("domain", certificate) if domain else None,
            firewall=Firewall("viewer", FirewallArgs(log_days=90)) if firewall else None,
        )
        return Distribution("edge", args).address

    return program


def function(name: str) -> Function:
    args = FunctionArgs(
        code="tiles",
        environment={},
        timeout_seconds=20,
        memory_mb=256,
        platform=platform(),
    )
    return Function(name, args)


def signing_key() -> SigningKey:
    args = SigningKeyArgs(public_key=PUBLIC, private_key=PRIVATE, kept_days=7)
    return SigningKey("signing", args)


def behaviours(recorded: Recorded) -> dict[str, Any]:
    inputs = recorded.one(DISTRIBUTION).inputs
    ordered = {one["pathPattern"]: one for one in inputs["orderedCacheBehaviors"]}
    return {"*": inputs["defaultCacheBehavior"], **ordered}


def test_each_path_leads_to_what_answers_it(
    declare: Declare, recorded: Recorded, edge: Program
) -> None:
    declare(edge)
    targets = {path: one["targetOriginId"] for path, one in behaviours(recorded).items()}
    assert targets == {
        "*": "site",
        "/slides/*": "tiles",
        "/iiif/*": "tiles",
        "/api/*": "api",
        "/healthz": "api",
    }
    origins = {one["originId"]: one for one in recorded.one(DISTRIBUTION).inputs["origins"]}
    assert origins["site"]["domainName"] == f"edge-site-bucket-1a2b3c4.s3.{REGION}.amazonaws.com"
    assert origins["tiles"]["domainName"] == f"tiles-url-1a2b3c4.lambda-url.{REGION}.on.aws"
    assert origins["api"]["domainName"].startswith("abc.execute-api.")


def test_no_path_is_served_without_tls(declare: Declare, recorded: Recorded, edge: Program) -> None:
    declare(edge)
    policies = {path: one["viewerProtocolPolicy"] for path, one in behaviours(recorded).items()}
    assert policies.pop("*") == "redirect-to-https"
    assert set(policies.values()) == {"https-only"}
    for origin in recorded.one(DISTRIBUTION).inputs["origins"]:
        config = origin.get("customOriginConfig")
        assert config is None or config["originProtocolPolicy"] == "https-only"


def test_tiles_ask_for_cookies_signed_with_our_key(
    declare: Declare, recorded: Recorded, edge: Program
) -> None:
    declare(edge)
    guarded = {path for path, one in behaviours(recorded).items() if one.get("trustedKeyGroups")}
    assert guarded == {"/slides/*", "/iiif/*"}
    group = recorded.one("aws:cloudfront/keyGroup:KeyGroup")
    assert behaviours(recorded)["/slides/*"]["trustedKeyGroups"] == [group.state["id"]]
    key = recorded.one("aws:cloudfront/publicKey:PublicKey")
    assert group.inputs["items"] == [key.state["id"]]
    assert key.inputs["encodedKey"] == f"{PUBLIC}\n"


def test_the_private_key_is_in_its_secret_and_nowhere_else(
    declare: Declare, recorded: Recorded, edge: Program
) -> None:
    declare(edge)
    holders = [one.type for one in recorded if PRIVATE in json.dumps(one.inputs, default=str)]
    assert holders == ["aws:secretsmanager/secretVersion:SecretVersion"]
    args = SigningKeyArgs(public_key=PUBLIC, private_key=PRIVATE, kept_days=7)
    assert PRIVATE not in repr(args)


@pytest.mark.parametrize("key", ["", "secret", "-----BEGIN PRIVATE KEY-----\nA\n"])
def test_what_is_no_public_key_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match="make a pair with `labsight keys new`"):
        SigningKeyArgs(public_key=key, private_key=PRIVATE, kept_days=7)


def test_cloudfront_signs_what_it_asks_bucket_and_function(
    declare: Declare, recorded: Recorded, edge: Program
) -> None:
    declare(edge)
    controls = recorded.of("aws:cloudfront/originAccessControl:OriginAccessControl")
    kinds = {one.state["id"]: one.inputs["originAccessControlOriginType"] for one in controls}
    assert {one.inputs["signingBehavior"] for one in controls} == {"always"}
    origins = recorded.one(DISTRIBUTION).inputs["origins"]
    used = {one["originId"]: kinds.get(one.get("originAccessControlId")) for one in origins}
    assert used == {"site": "s3", "api": None, "tiles": "lambda"}
    arn = recorded.one(DISTRIBUTION).state["arn"]
    permissions = recorded.of("aws:lambda/permission:Permission")
    assert {(one.inputs["action"], one.inputs["sourceArn"]) for one in permissions} == {
        ("lambda:InvokeFunctionUrl", arn),
        ("lambda:InvokeFunction", arn),
    }


def test_tiles_are_cached_by_path_and_query_and_the_api_not_at_all(
    declare: Declare, recorded: Recorded, edge: Program
) -> None:
    declare(edge)
    policy = recorded.one("aws:cloudfront/cachePolicy:CachePolicy", "edge-tiles-tile-cache")
    assert behaviours(recorded)["/slides/*"]["cachePolicyId"] == policy.state["id"]
    assert behaviours(recorded)["/slides/*"].get("originRequestPolicyId") is None
    key = policy.inputs["parametersInCacheKeyAndForwardedToOrigin"]
    assert key["queryStringsConfig"] == {"queryStringBehavior": "all"}
    assert key["cookiesConfig"] == {"cookieBehavior": "none"}
    assert (policy.inputs["minTtl"], policy.inputs["maxTtl"]) == (0, 86_400)
    api = behaviours(recorded)["/api/*"]
    assert api["cachePolicyId"] == "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
    assert api["originRequestPolicyId"] == "b689b0a8-53d0-40ab-baf2-68738e2966ac"
    assert "POST" in api["allowedMethods"]
    assert behaviours(recorded)["/slides/*"]["allowedMethods"] == ["GET", "HEAD"]


def test_errors_of_the_api_reach_the_browser_as_they_are(
    declare: Declare, recorded: Recorded, edge: Program
) -> None:
    declare(edge)
    for one in recorded.one(DISTRIBUTION).inputs["customErrorResponses"]:
        # Nothing takes an answer's place, and what is away for a moment is not remembered as such.
        assert one.keys() == {"errorCode", "errorCachingMinTtl"}
        assert one["errorCode"] in {502, 503, 504}
        assert one["errorCachingMinTtl"] == 0


def test_every_answer_carries_the_headers_that_browsers_obey(
    declare: Declare, recorded: Recorded, edge: Program
) -> None:
    declare(edge)
    policies = recorded.of("aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy")
    used = {one["responseHeadersPolicyId"] for one in behaviours(recorded).values()}
    assert used == {policy.state["id"] for policy in policies}
    for policy in policies:
        headers = policy.inputs["securityHeadersConfig"]
        assert headers["strictTransportSecurity"]["accessControlMaxAgeSec"] >= 31_536_000
        assert headers["frameOptions"] == {"frameOption": "DENY", "override": True}
        assert headers["contentTypeOptions"] == {"override": True}
        csp = headers["contentSecurityPolicy"]["contentSecurityPolicy"]
        assert "frame-ancestors 'none'" in csp
    headers = recorded.one(HEADERS, "edge-headers").inputs["securityHeadersConfig"]
    csp = headers["contentSecurityPolicy"]["contentSecurityPolicy"]
    assert f"connect-src 'self' {LOGIN};" in csp


def test_pages_of_other_sites_may_use_iiif_images_alone(
    declare: Declare, recorded: Recorded, edge: Program
) -> None:
    declare(edge)
    shared = recorded.one(HEADERS, "edge-tiles-iiif-headers")
    policies = {path: one["responseHeadersPolicyId"] for path, one in behaviours(recorded).items()}
    assert [path for path, id_ in policies.items() if id_ == shared.state["id"]] == ["/iiif/*"]
    cors = shared.inputs["corsConfig"]
    assert cors["accessControlAllowOrigins"] == {"items": ["*"]}
    assert cors["accessControlAllowCredentials"] is False
    assert cors["accessControlAllowMethods"] == {"items": ["GET", "HEAD"]}
    custom = {one["header"]: one["value"] for one in shared.inputs["customHeadersConfig"]["items"]}
    assert custom["Cross-Origin-Resource-Policy"] == "cross-origin"
    own = recorded.one(HEADERS, "edge-headers").inputs
    assert own.get("corsConfig") is None
    assert {"same-origin"} <= {one["value"] for one in own["customHeadersConfig"]["items"]}


def test_a_description_is_told_under_which_address_it_was_asked_for(
    declare: Declare, recorded: Recorded, edge: Program
) -> None:
    declare(edge)
    iiif = behaviours(recorded)["/iiif/*"]
    function = recorded.one("aws:cloudfront/function:Function", "edge-tiles-host")
    assert iiif["functionAssociations"] == [
        {"eventType": "viewer-request", "functionArn": function.state["arn"]}
    ]
    cache = recorded.one("aws:cloudfront/cachePolicy:CachePolicy", "edge-tiles-iiif-cache")
    key = cache.inputs["parametersInCacheKeyAndForwardedToOrigin"]
    assert iiif["cachePolicyId"] == cache.state["id"]
    assert key["headersConfig"]["headers"]["items"] == ["x-labsight-host"]
    assert key["queryStringsConfig"] == {"queryStringBehavior": "all"}
    passed = recorded.one("aws:cloudfront/originRequestPolicy:OriginRequestPolicy")
    assert iiif["originRequestPolicyId"] == passed.state["id"]
    assert passed.inputs["headersConfig"]["headers"]["items"] == ["accept"]


@pytest.mark.skipif(not shutil.which("node"), reason="runs the function's JavaScript in node")
def test_the_edge_says_its_address_whatever_a_caller_claims() -> None:
    event = {
        "request": {
            "uri": "/iiif/3/a/info.json",
            "headers": {
                "host": {"value": "slides.example.org"},
                "x-labsight-host": {"value": "https://evil.example"},
            },
        }
    }
    program = f"{EDGE_HOST.read_text()}\nconsole.log(JSON.stringify(handler({json.dumps(event)})))"
    done = subprocess.run(["node", "-e", program], capture_output=True, text=True, check=True)
    told = json.loads(done.stdout)
    assert told["headers"]["x-labsight-host"] == {"value": "https://slides.example.org"}
    assert told["uri"] == "/iiif/3/a/info.json"


def test_pages_may_load_from_their_own_origin_alone() -> None:
    policy = content_security_policy(())
    assert policy.startswith("default-src 'self'; img-src 'self' data: blob:;")
    assert "unsafe" not in policy
    assert "*" not in policy


def test_the_address_is_reached_by_new_protocols_and_over_ipv6(
    declare: Declare, recorded: Recorded, edge: Program
) -> None:
    assert declare(edge) == "https://d111111abcdef8.cloudfront.net"
    inputs = recorded.one(DISTRIBUTION).inputs
    assert (inputs["httpVersion"], inputs["isIpv6Enabled"]) == ("http2and3", True)
    assert (inputs["defaultRootObject"], inputs["priceClass"]) == ("index.html", "PriceClass_100")
    assert inputs["viewerCertificate"] == {"cloudfrontDefaultCertificate": True}
    assert inputs.get("webAclId") is None


def test_an_own_domain_leads_here_with_its_certificate(
    declare: Declare, recorded: Recorded, edge: Program
) -> None:
    assert declare(lambda: edge(domain=True)) == "https://slides.example.org"
    inputs = recorded.one(DISTRIBUTION).inputs
    assert inputs["aliases"] == ["slides.example.org"]
    certificate = recorded.one("aws:acm/certificate:Certificate")
    assert inputs["viewerCertificate"] == {
        "acmCertificateArn": certificate.state["arn"],
        "sslSupportMethod": "sni-only",
        "minimumProtocolVersion": "TLSv1.2_2021",
    }
    records = [one for one in recorded.of("aws:route53/record:Record") if "aliases" in one.inputs]
    assert {one.inputs["type"] for one in records} == {"A", "AAAA"}
    for record in records:
        assert record.inputs["aliases"][0]["name"] == "d111111abcdef8.cloudfront.net"


def test_a_firewall_stands_before_it(declare: Declare, recorded: Recorded, edge: Program) -> None:
    declare(lambda: edge(firewall=True))
    acl = recorded.one("aws:wafv2/webAcl:WebAcl")
    assert recorded.one(DISTRIBUTION).inputs["webAclId"] == acl.state["arn"]


def test_requests_are_logged_without_cookies_and_queries(
    declare: Declare, recorded: Recorded, edge: Program
) -> None:
    declare(edge)
    source = recorded.one("aws:cloudwatch/logDeliverySource:LogDeliverySource")
    assert source.inputs["resourceArn"] == recorded.one(DISTRIBUTION).state["arn"]
    delivery = recorded.one("aws:cloudwatch/logDelivery:LogDelivery").inputs
    assert delivery["deliverySourceName"] == source.state["name"]
    fields = set(delivery["recordFields"])
    assert {"c-ip", "cs-uri-stem", "sc-status"} <= fields
    assert not {"cs(Cookie)", "cs-uri-query", "cs(Referer)"} & fields
    logs = [one for one in recorded if one.type.startswith("aws:cloudwatch/logDelivery")]
    assert {one.inputs["region"] for one in logs} == {"us-east-1"}


def test_the_web_app_is_read_by_this_distribution_alone(
    declare: Declare, recorded: Recorded, edge: Program
) -> None:
    declare(edge)
    policy = recorded.one("aws:s3/bucketPolicy:BucketPolicy", "edge-site-policy")
    statements = json.loads(policy.inputs["policy"])["Statement"]
    (allowed,) = [one for one in statements if one["Effect"] == "Allow"]
    arn = recorded.one(DISTRIBUTION).state["arn"]
    assert allowed["Condition"] == {"StringEquals": {"aws:SourceArn": arn}}


def test_a_web_app_that_is_not_built_ends_the_deployment_at_once(
    declare: Declare, tmp_path: Path
) -> None:
    def program() -> pulumi.Output[str]:
        args = DistributionArgs(
            place=PLACE,
            web_folder=tmp_path / "nowhere",
            api_domain="abc",
            tiles=function("tiles"),
            signing_key=signing_key(),
            talks_to=(LOGIN,),
            log_days=90,
        )
        return Distribution("edge", args).address

    with pytest.raises(ValueError, match="run `make web`"):
        declare(program)


def test_only_log_delivery_for_this_account_writes_the_log(
    declare: Declare, recorded: Recorded, edge: Program
) -> None:
    declare(edge)
    policy = recorded.one("aws:s3/bucketPolicy:BucketPolicy", "edge-log-policy")
    statements = json.loads(policy.inputs["policy"])["Statement"]
    (allowed,) = [one for one in statements if one["Effect"] == "Allow"]
    assert allowed["Principal"] == {"Service": "delivery.logs.amazonaws.com"}
    assert allowed["Resource"] == [f"arn:aws:s3:::edge-log-bucket-1a2b3c4/AWSLogs/{ACCOUNT}/*"]
    assert allowed["Condition"]["StringEquals"]["aws:SourceAccount"] == ACCOUNT


def test_login_and_address_go_round_without_a_circle(
    declare: Declare, recorded: Recorded, tmp_path: Path
) -> None:
    (tmp_path / "index.html").write_text("<!doctype html>")

    def program() -> pulumi.Output[str]:
        tiles = function("tiles")
        with later() as (address, tell):
            pool = UserPool("login", UserPoolArgs(place=PLACE, kept=True, address=address))
            client = LoginClient("web", LoginClientArgs(pool=pool, address=address))
            authorizer = JwtAuthorizer(issuer=pool.issuer, audience=(client.client_id,))
            route = Route(method="GET", path="/api/slides", function=tiles)
            api = Api("web", ApiArgs(routes=(route,), log_days=30, authorizer=authorizer))
            distribution = Distribution(
                "edge",
                DistributionArgs(
                    place=PLACE,
                    web_folder=tmp_path,
                    api_domain=api.host(PLACE),
                    tiles=tiles,
                    signing_key=signing_key(),
                    talks_to=(login_address(PLACE),),
                    log_days=30,
                ),
            )
            tell(distribution.address)
        return client.client_id

    declare(program)
    authorizer = recorded.one("aws:apigatewayv2/authorizer:Authorizer")
    client = recorded.one("aws:cognito/userPoolClient:UserPoolClient")
    assert authorizer.inputs["jwtConfiguration"]["audiences"] == [client.state["id"]]
    assert client.name in authorizer.depends_on  # in the engine's eyes as well
    assert client.inputs["callbackUrls"] == ["https://d111111abcdef8.cloudfront.net/"]
    pool = recorded.one("aws:cognito/userPool:UserPool").inputs["adminCreateUserConfig"]
    assert "d111111abcdef8" in pool["inviteMessageTemplate"]["emailMessage"]


@pytest.mark.skipif(shutil.which("node") is None, reason="runs CloudFront's JavaScript with node")
@pytest.mark.parametrize(
    ("asked", "served"),
    [
        ("/", "/index.html"),
        ("/signed-in", "/index.html"),
        ("/slides.of/2026", "/index.html"),
        ("/viewer.html", "/viewer.html"),
        ("/assets/index-DKORfQyF.js", "/assets/index-DKORfQyF.js"),
        ("/config.json", "/config.json"),
    ],
)
def test_the_apps_own_pages_start_from_its_index(asked: str, served: str) -> None:
    event = json.dumps({"request": {"uri": asked}})
    program = f"{APP_PAGES.read_text()}\nconsole.log(handler({event}).uri)"
    answer = subprocess.run(["node", "-e", program], check=True, capture_output=True, text=True)
    assert answer.stdout.strip() == served
