"""A web app, an API that checks tokens and a function behind cookies, all behind one edge."""

import pulumi
from pulumi_aws import apigatewayv2, cloudfront, cognito, iam, lambda_, s3, secretsmanager

config = pulumi.Config()
REGION = "eu-central-1"
NO_CACHE = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
ALL_BUT_HOST = "b689b0a8-53d0-40ab-baf2-68738e2966ac"

role = iam.Role("role", assume_role_policy="{}")
site = s3.Bucket("site")

public_key = cloudfront.PublicKey("signer", encoded_key=config.require("publicKey"))
signers = cloudfront.KeyGroup("signers", items=[public_key.id])
secret = secretsmanager.Secret("signing")
secretsmanager.SecretVersion(
    "signing-value",
    secret_id=secret.id,
    secret_string=pulumi.Output.secret(config.require("privateKey")),
)


def function(name: str, **environment: pulumi.Input[str]) -> lambda_.Function:
    return lambda_.Function(
        name,
        code=pulumi.AssetArchive({name: pulumi.FileArchive(f"functions/{name}")}),
        handler=f"{name}.handler.handle",
        runtime="python3.13",
        role=role.arn,
        timeout=5,
        environment={"variables": environment},
    )


catalog, tiles = function("catalog"), function("tiles")
session = function("session", SECRET=secret.arn, KEY=public_key.id)

pool = cognito.UserPool("people")
for order, group in enumerate(("admin", "technician", "viewer")):
    cognito.UserGroup(group, name=group, user_pool_id=pool.id, precedence=order)
domain = cognito.UserPoolDomain("login", domain="lab-1a2b", user_pool_id=pool.id)

api = apigatewayv2.Api("api", protocol_type="HTTP")
apigatewayv2.Stage("stage", api_id=api.id, name="$default", auto_deploy=True)

tiles_url = lambda_.FunctionUrl("tiles-url", function_name=tiles.name, authorization_type="AWS_IAM")
tiles_only_q = cloudfront.CachePolicy(
    "tile-cache",
    parameters_in_cache_key_and_forwarded_to_origin={
        "cookies_config": {"cookie_behavior": "none"},
        "headers_config": {
            "header_behavior": "whitelist",
            "headers": {"items": ["If-None-Match"]},
        },
        "query_strings_config": {
            "query_string_behavior": "whitelist",
            "query_strings": {"items": ["v"]},
        },
    },
)
headers = cloudfront.ResponseHeadersPolicy(
    "headers",
    security_headers_config={
        "content_type_options": {"override": True},
        "frame_options": {"frame_option": "DENY", "override": True},
        "referrer_policy": {"referrer_policy": "same-origin", "override": True},
        "content_security_policy": {
            "content_security_policy": "default-src 'self'; upgrade-insecure-requests",
            "override": True,
        },
    },
    custom_headers_config={
        "items": [{"header": "X-Lab", "value": "one", "override": True}],
    },
)
to_site = cloudfront.OriginAccessControl(
    "to-site",
    origin_access_control_origin_type="s3",
    signing_behavior="always",
    signing_protocol="sigv4",
)
to_tiles = cloudfront.OriginAccessControl(
    "to-tiles",
    origin_access_control_origin_type="lambda",
    signing_behavior="always",
    signing_protocol="sigv4",
)
https: cloudfront.DistributionOriginCustomOriginConfigArgsDict = {
    "http_port": 80,
    "https_port": 443,
    "origin_protocol_policy": "https-only",
    "origin_ssl_protocols": ["TLSv1.2"],
}


def to_api(path: str) -> cloudfront.DistributionOrderedCacheBehaviorArgsDict:
    return {
        "path_pattern": path,
        "target_origin_id": "api",
        "allowed_methods": ["GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"],
        "cached_methods": ["GET", "HEAD"],
        "cache_policy_id": NO_CACHE,
        "origin_request_policy_id": ALL_BUT_HOST,
        "viewer_protocol_policy": "https-only",
    }


distribution = cloudfront.Distribution(
    "edge",
    enabled=True,
    default_root_object="index.html",
    origins=[
        {
            "origin_id": "site",
            "domain_name": site.bucket_regional_domain_name,
            "origin_access_control_id": to_site.id,
        },
        {
            "origin_id": "api",
            "domain_name": pulumi.Output.concat(api.id, f".execute-api.{REGION}.amazonaws.com"),
            "custom_origin_config": https,
        },
        {
            "origin_id": "tiles",
            "domain_name": pulumi.Output.concat(tiles_url.url_id, f".lambda-url.{REGION}.on.aws"),
            "origin_access_control_id": to_tiles.id,
            "custom_origin_config": https,
        },
    ],
    ordered_cache_behaviors=[
        to_api("/api/*"),
        to_api("/healthz"),
        {
            "path_pattern": "/slides/*",
            "target_origin_id": "tiles",
            "allowed_methods": ["GET", "HEAD"],
            "cached_methods": ["GET", "HEAD"],
            "cache_policy_id": tiles_only_q.id,
            "trusted_key_groups": [signers.id],
            "viewer_protocol_policy": "https-only",
        },
    ],
    default_cache_behavior={
        "target_origin_id": "site",
        "allowed_methods": ["GET", "HEAD"],
        "cached_methods": ["GET", "HEAD"],
        "cache_policy_id": "658327ea-f89d-4fab-a63d-7e88639e58f6",
        "response_headers_policy_id": headers.id,
        "viewer_protocol_policy": "redirect-to-https",
    },
    restrictions={"geo_restriction": {"restriction_type": "none"}},
    viewer_certificate={"cloudfront_default_certificate": True},
)
address = pulumi.Output.concat("https://", distribution.domain_name)

s3.BucketPolicy(
    "site-policy",
    bucket=site.id,
    policy=pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "cloudfront.amazonaws.com"},
                    "Action": "s3:GetObject",
                    "Resource": pulumi.Output.concat(site.arn, "/*"),
                    "Condition": {"StringEquals": {"AWS:SourceArn": distribution.arn}},
                }
            ],
        }
    ),
)
for name, action in (
    ("edge-calls-tiles-url", "lambda:InvokeFunctionUrl"),
    ("edge-calls-tiles", "lambda:InvokeFunction"),
):
    lambda_.Permission(
        name,
        action=action,
        function=tiles.name,
        principal="cloudfront.amazonaws.com",
        source_arn=distribution.arn,
    )

client = cognito.UserPoolClient(
    "web",
    user_pool_id=pool.id,
    allowed_oauth_flows=["code"],
    allowed_oauth_flows_user_pool_client=True,
    allowed_oauth_scopes=["openid", "email"],
    callback_urls=[pulumi.Output.concat(address, "/")],
    logout_urls=[pulumi.Output.concat(address, "/")],
)
authorizer = apigatewayv2.Authorizer(
    "people-only",
    api_id=api.id,
    authorizer_type="JWT",
    identity_sources=["$request.header.Authorization"],
    jwt_configuration={
        "issuer": pulumi.Output.concat(f"https://cognito-idp.{REGION}.amazonaws.com/", pool.id),
        "audiences": [client.id],
    },
)
for target, keys in (
    (catalog, ("GET /api/{proxy+}", "PATCH /api/{proxy+}", "GET /healthz")),
    (session, ("POST /api/session", "DELETE /api/session")),
):
    name = "catalog" if target is catalog else "session"
    integration = apigatewayv2.Integration(
        f"to-{name}",
        api_id=api.id,
        integration_type="AWS_PROXY",
        integration_uri=target.invoke_arn,
        payload_format_version="2.0",
    )
    lambda_.Permission(
        f"api-calls-{name}",
        action="lambda:InvokeFunction",
        function=target.name,
        principal="apigateway.amazonaws.com",
    )
    for key in keys:
        is_open = key == "GET /healthz"
        apigatewayv2.Route(
            key.lower().replace(" /", "-").replace("/", "-").replace("{proxy+}", "any"),
            api_id=api.id,
            route_key=key,
            target=pulumi.Output.concat("integrations/", integration.id),
            authorization_type="NONE" if is_open else "JWT",
            authorizer_id=None if is_open else authorizer.id,
        )

login = {
    "authority": pulumi.Output.concat(
        "https://", domain.domain, f".auth.{REGION}.amazoncognito.com"
    ),
    "clientId": client.id,
    "scopes": ["openid", "email"],
}
s3.BucketObjectv2(
    "config",
    bucket=site.id,
    key="config.json",
    content=pulumi.Output.json_dumps({"login": login}),
    content_type="application/json",
    cache_control="no-cache",
)
if config.get("siteObjects") == "index":
    s3.BucketObjectv2(
        "index",
        bucket=site.id,
        key="index.html",
        source=pulumi.StringAsset("declared"),
        content_type="text/html",
    )
pulumi.export("viewer_url", address)
