"""What AWS would answer: the outputs of each type of resource, and of each look-up.

A type that is not listed has an id, an ARN and a name, all made of its logical name.
"""

from collections.abc import Callable, Mapping
from typing import Any

REGION, ACCOUNT = "eu-central-1", "123456789012"
SUFFIX = "-1a2b3c4"

Outputs = dict[str, Any]


def outputs_of(type_: str, name: str, inputs: Mapping[str, Any]) -> Outputs:
    """Return the outputs of one resource, ``id`` among them."""
    service = type_.split(":")[1].partition("/")[0]
    physical = inputs.get("name") or name + SUFFIX
    arn = f"arn:aws:{service}:{REGION}:{ACCOUNT}:{physical}"
    known = {"id": physical, "arn": arn, "name": physical}
    return known | OUTPUTS.get(type_, _nothing_more)(physical, arn)


def _nothing_more(_physical: str, _arn: str) -> Outputs:
    return {}


def _bucket(physical: str, _arn: str) -> Outputs:
    return {
        "bucket": physical,
        "arn": f"arn:aws:s3:::{physical}",
        "bucketRegionalDomainName": f"{physical}.s3.{REGION}.amazonaws.com",
    }


def _queue(physical: str, _arn: str) -> Outputs:
    url = f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{physical}"
    return {"id": url, "url": url}


def _function(_physical: str, arn: str) -> Outputs:
    invocations = f"path/2015-03-31/functions/{arn}/invocations"
    return {"invokeArn": f"arn:aws:apigateway:{REGION}:lambda:{invocations}"}


def _function_url(physical: str, _arn: str) -> Outputs:
    return {
        "functionUrl": f"https://{physical}.lambda-url.{REGION}.on.aws/",
        "urlId": physical,
    }


def _api(physical: str, _arn: str) -> Outputs:
    return {
        "apiEndpoint": f"https://{physical}.execute-api.{REGION}.amazonaws.com",
        "executionArn": f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{physical}",
    }


def _vpc_endpoint(physical: str, _arn: str) -> Outputs:
    dns_name = f"{physical}.vpce.{REGION}.vpce.amazonaws.com"
    entries = [{"dnsName": dns_name, "hostedZoneId": "Z1"}]
    return {"dnsEntries": entries, "prefixListId": "pl-6ea54007"}


def _instance(physical: str, _arn: str) -> Outputs:
    return {"primaryNetworkInterfaceId": f"eni-{physical}", "privateIp": "10.20.0.10"}


def _gateway(_physical: str, _arn: str) -> Outputs:
    arn = f"arn:aws:storagegateway:{REGION}:{ACCOUNT}:gateway/sgw-12A3456B"
    return {"id": arn, "arn": arn, "gatewayId": "sgw-12A3456B"}


def _file_share(physical: str, _arn: str) -> Outputs:
    arn = f"arn:aws:storagegateway:{REGION}:{ACCOUNT}:share/{physical}"
    return {"id": arn, "arn": arn}


def _invocation(_physical: str, _arn: str) -> Outputs:
    return {"result": '"BME11-LQPTD-DF11P-BLLQ0-111V1"'}


def _database(physical: str, _arn: str) -> Outputs:
    secret = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:rds!{physical}"
    host = f"{physical}.c1a2b3c4d5e6.{REGION}.rds.amazonaws.com"
    return {
        "address": host,
        "endpoint": host,
        "resourceId": "db-ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        "clusterResourceId": "cluster-ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        "masterUserSecrets": [{"secretArn": secret, "secretStatus": "active"}],
    }


def _distribution(physical: str, _arn: str) -> Outputs:
    arn = f"arn:aws:cloudfront::{ACCOUNT}:distribution/{physical}"
    domain = "d111111abcdef8.cloudfront.net"
    return {"arn": arn, "domainName": domain, "hostedZoneId": "Z2FDTNDATAQYW2"}


def _certificate(_physical: str, _arn: str) -> Outputs:
    proof = {
        "domainName": "slides.example.org",
        "resourceRecordName": "_a.slides.example.org.",
        "resourceRecordType": "CNAME",
        "resourceRecordValue": "_b.acm-validations.aws.",
    }
    return {"domainValidationOptions": [proof]}


def _record(physical: str, _arn: str) -> Outputs:
    return {"fqdn": physical.rstrip(".")}


def _balancer(physical: str, _arn: str) -> Outputs:
    arn = f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:loadbalancer/app/{physical}/50dc6c49"
    host = f"internal-{physical}.{REGION}.elb.amazonaws.com"
    return {"arn": arn, "arnSuffix": f"app/{physical}/50dc6c49", "dnsName": host}


def _targets(physical: str, _arn: str) -> Outputs:
    suffix = f"targetgroup/{physical}/6d0ecf83"
    arn = f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:{suffix}"
    return {"arn": arn, "arnSuffix": suffix}


def _repository(physical: str, _arn: str) -> Outputs:
    arn = f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/{physical}"
    url = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{physical}"
    return {"arn": arn, "repositoryUrl": url}


OUTPUTS: dict[str, Callable[[str, str], Outputs]] = {
    "aws:s3/bucket:Bucket": _bucket,
    "aws:sqs/queue:Queue": _queue,
    "aws:lambda/function:Function": _function,
    "aws:lambda/functionUrl:FunctionUrl": _function_url,
    "aws:apigatewayv2/api:Api": _api,
    "aws:cloudfront/distribution:Distribution": _distribution,
    "aws:acm/certificate:Certificate": _certificate,
    "aws:route53/record:Record": _record,
    "aws:ec2/vpcEndpoint:VpcEndpoint": _vpc_endpoint,
    "aws:ec2/instance:Instance": _instance,
    "aws:storagegateway/gateway:Gateway": _gateway,
    "aws:storagegateway/smbFileShare:SmbFileShare": _file_share,
    "aws:lambda/invocation:Invocation": _invocation,
    "aws:lb/loadBalancer:LoadBalancer": _balancer,
    "aws:lb/targetGroup:TargetGroup": _targets,
    "aws:ecr/repository:Repository": _repository,
    "aws:rds/instance:Instance": _database,
    "aws:rds/cluster:Cluster": _database,
}

LOOKED_UP: dict[str, Outputs] = {
    "aws:index/getCallerIdentity:getCallerIdentity": {
        "id": ACCOUNT,
        "accountId": ACCOUNT,
        "arn": f"arn:aws:iam::{ACCOUNT}:user/engineer",
        "userId": "engineer",
    },
    "aws:index/getRegion:getRegion": {"id": REGION, "name": REGION, "region": REGION},
    "aws:index/getAvailabilityZones:getAvailabilityZones": {
        "id": REGION,
        "names": [f"{REGION}{letter}" for letter in "abc"],
        "zoneIds": ["euc1-az2", "euc1-az3", "euc1-az1"],
    },
    "aws:ec2/getManagedPrefixList:getManagedPrefixList": {
        "id": "pl-3b927c52",
        "name": "com.amazonaws.global.cloudfront.origin-facing",
    },
    "aws:ssm/getParameter:getParameter": {
        "id": "image",
        "value": "ami-0123456789abcdef0",
        "insecureValue": "ami-0123456789abcdef0",
    },
}
