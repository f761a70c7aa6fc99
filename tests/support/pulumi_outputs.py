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
    return {"functionUrl": f"https://{physical}.lambda-url.{REGION}.on.aws/"}


def _api(physical: str, _arn: str) -> Outputs:
    return {
        "apiEndpoint": f"https://{physical}.execute-api.{REGION}.amazonaws.com",
        "executionArn": f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{physical}",
    }


OUTPUTS: dict[str, Callable[[str, str], Outputs]] = {
    "aws:s3/bucket:Bucket": _bucket,
    "aws:sqs/queue:Queue": _queue,
    "aws:lambda/function:Function": _function,
    "aws:lambda/functionUrl:FunctionUrl": _function_url,
    "aws:apigatewayv2/api:Api": _api,
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
}
