"""What becomes of a declared edge and login: ids and addresses that fit together, files put away.

Nothing of them runs by itself: edge.py and sign_in.py read from the record what they have to do.
"""

import base64
from collections.abc import Callable
from pathlib import Path

import pulumi

from local import declared, edge_functions
from local.declared import Properties
from local.errors import UnknownDeclaration
from local.making import Made, Site, short_id
from local.moto_server import ACCOUNT

CLOUDFRONT_ZONE = "Z2FDTNDATAQYW2"  # the hosted zone of all distributions


def _distribution(site: Site, name: str, _inputs: Properties) -> Made:
    distribution = short_id("distribution", name).upper()
    return distribution, {
        "arn": f"arn:aws:cloudfront::{ACCOUNT}:distribution/{distribution}",
        "domainName": site.host,
        "hostedZoneId": CLOUDFRONT_ZONE,
        "status": "Deployed",
    }


def _edge_function(site: Site, name: str, inputs: Properties) -> Made:
    if edge_functions.known(inputs.get("code")) is None:
        site.notes.append(
            f"CloudFront function {name}: its JavaScript does not run here; requests pass it "
            "unchanged"
        )
    arn = f"arn:aws:cloudfront::{ACCOUNT}:function/{inputs.get('name') or name}"
    return str(inputs.get("name") or name), {"arn": arn, "status": "LIVE"}


def _function_url(site: Site, name: str, _inputs: Properties) -> Made:
    address = short_id("function-url", name)
    host = f"{address}.lambda-url.{site.cloud.region}.on.aws"
    return address, {"functionUrl": f"https://{host}/", "urlId": address}


def _user_pool(site: Site, name: str, inputs: Properties) -> Made:
    pool = f"{site.cloud.region}_{short_id('user-pool', name)[:9]}"
    return pool, {
        "arn": site.arn("cognito-idp", f"userpool/{pool}"),
        "endpoint": f"cognito-idp.{site.cloud.region}.amazonaws.com/{pool}",
        "name": inputs.get("name") or name,
    }


def _user_group(_site: Site, name: str, inputs: Properties) -> Made:
    group = str(inputs.get("name") or name)
    return f"{inputs['userPoolId']}/{group}", {"name": group}


def _user_pool_domain(_site: Site, _name: str, inputs: Properties) -> Made:
    return str(inputs["domain"]), {"cloudfrontDistribution": "login.local"}


def _certificate(site: Site, name: str, inputs: Properties) -> Made:
    arn = site.arn("acm", f"certificate/{short_id('certificate', name)}")
    domain = inputs.get("domainName")
    proof = {
        "domainName": domain,
        "resourceRecordName": f"_local.{domain}.",
        "resourceRecordType": "CNAME",
        "resourceRecordValue": "_local.acm-validations.aws.",
    }
    return arn, {"arn": arn, "domainValidationOptions": [proof]}


def _record(_site: Site, name: str, inputs: Properties) -> Made:
    return short_id("record", name), {"fqdn": str(inputs.get("name", "")).rstrip(".")}


def _bucket_object(site: Site, name: str, inputs: Properties) -> Made:
    """Put an object with what browsers are told of it."""
    told = {
        "ContentType": inputs.get("contentType"),
        "CacheControl": inputs.get("cacheControl"),
    }
    site.cloud.s3.put_object(
        Bucket=inputs["bucket"],
        Key=inputs["key"],
        Body=_content(name, inputs),
        **{setting: value for setting, value in told.items() if value},
    )
    return f"{inputs['bucket']}/{inputs['key']}", {
        "arn": f"arn:aws:s3:::{inputs['bucket']}/{inputs['key']}"
    }


def _content(name: str, inputs: Properties) -> bytes:
    """Return what an object is declared to hold."""
    if inputs.get("content") is not None:
        return str(inputs["content"]).encode()
    if inputs.get("contentBase64") is not None:
        return base64.b64decode(inputs["contentBase64"])
    match inputs.get("source"):
        case pulumi.FileAsset(path=path):
            return Path(path).read_bytes()
        case pulumi.StringAsset(text=text):
            return text.encode()
        case source:
            raise UnknownDeclaration(
                f"{declared.BUCKET_OBJECT} {name!r}: local mode reads content, content_base64, "
                f"FileAsset and StringAsset, not {type(source).__name__}"
            )


def _secret(site: Site, name: str, inputs: Properties) -> Made:
    created = site.cloud.secrets.create_secret(Name=str(inputs.get("name") or f"{name}-local"))
    return created["ARN"], {"arn": created["ARN"], "name": created["Name"]}


def _secret_version(site: Site, _name: str, inputs: Properties) -> Made:
    put = site.cloud.secrets.put_secret_value(
        SecretId=inputs["secretId"], SecretString=str(inputs["secretString"])
    )
    version = put["VersionId"]
    return f"{inputs['secretId']}|{version}", {"arn": inputs["secretId"], "versionId": version}


EDGE_MAKERS: dict[str, Callable[[Site, str, Properties], Made]] = {
    declared.DISTRIBUTION: _distribution,
    declared.EDGE_FUNCTION: _edge_function,
    declared.FUNCTION_URL: _function_url,
    declared.USER_POOL: _user_pool,
    declared.USER_GROUP: _user_group,
    declared.USER_POOL_DOMAIN: _user_pool_domain,
    declared.BUCKET_OBJECT: _bucket_object,
    "aws:acm/certificate:Certificate": _certificate,
    "aws:route53/record:Record": _record,
    "aws:secretsmanager/secret:Secret": _secret,
    "aws:secretsmanager/secretVersion:SecretVersion": _secret_version,
}

EDGE_RECORDED = {
    declared.AUTHORIZER: "",
    declared.ORIGIN_ACCESS: "",
    declared.CACHE_POLICY: "",
    declared.ORIGIN_REQUEST_POLICY: "",
    declared.HEADERS_POLICY: "",
    declared.PUBLIC_KEY: "",
    declared.KEY_GROUP: "",
    declared.USER_POOL_CLIENT: "",
    "aws:cognito/identityProvider:IdentityProvider": "",
    "aws:cognito/riskConfiguration:RiskConfiguration": "",
    "aws:acm/certificateValidation:CertificateValidation": "",
    "aws:wafv2/webAcl:WebAcl": "arn:aws:wafv2:{region}:{account}:global/webacl/{name}",
    "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration": "",
}
