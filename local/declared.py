"""What the Pulumi program declared, as local mode remembers it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

Properties = dict[str, Any]

FUNCTION = "aws:lambda/function:Function"
INVOCATION = "aws:lambda/invocation:Invocation"
MAPPING = "aws:lambda/eventSourceMapping:EventSourceMapping"
PERMISSION = "aws:lambda/permission:Permission"
API = "aws:apigatewayv2/api:Api"
ROUTE = "aws:apigatewayv2/route:Route"
INTEGRATION = "aws:apigatewayv2/integration:Integration"
STAGE = "aws:apigatewayv2/stage:Stage"
QUEUE = "aws:sqs/queue:Queue"
QUEUE_POLICY = "aws:sqs/queuePolicy:QueuePolicy"
RULE = "aws:cloudwatch/eventRule:EventRule"
TARGET = "aws:cloudwatch/eventTarget:EventTarget"
BUCKET = "aws:s3/bucket:Bucket"
BUCKET_POLICY = "aws:s3/bucketPolicy:BucketPolicy"
BUCKET_OBJECT = "aws:s3/bucketObjectv2:BucketObjectv2"
NOTIFICATION = "aws:s3/bucketNotification:BucketNotification"
FUNCTION_URL = "aws:lambda/functionUrl:FunctionUrl"
AUTHORIZER = "aws:apigatewayv2/authorizer:Authorizer"
DISTRIBUTION = "aws:cloudfront/distribution:Distribution"
ORIGIN_ACCESS = "aws:cloudfront/originAccessControl:OriginAccessControl"
CACHE_POLICY = "aws:cloudfront/cachePolicy:CachePolicy"
ORIGIN_REQUEST_POLICY = "aws:cloudfront/originRequestPolicy:OriginRequestPolicy"
HEADERS_POLICY = "aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy"
EDGE_FUNCTION = "aws:cloudfront/function:Function"
PUBLIC_KEY = "aws:cloudfront/publicKey:PublicKey"
KEY_GROUP = "aws:cloudfront/keyGroup:KeyGroup"
USER_POOL = "aws:cognito/userPool:UserPool"
USER_POOL_CLIENT = "aws:cognito/userPoolClient:UserPoolClient"
USER_POOL_DOMAIN = "aws:cognito/userPoolDomain:UserPoolDomain"
USER_GROUP = "aws:cognito/userGroup:UserGroup"


@dataclass(frozen=True, kw_only=True)
class Resource:
    """One declared resource: what the program asked for, and what it was told in return."""

    type: str
    name: str
    inputs: Properties
    id: str
    outputs: Properties

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """The whole program: its resources in no particular order, its exports, and what was bent."""

    resources: tuple[Resource, ...]
    exports: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def of(self, resource_type: str) -> Iterator[Resource]:
        """Yield the resources of one type, by name so that output does not vary."""
        found = (r for r in self.resources if r.type == resource_type)
        yield from sorted(found, key=lambda resource: resource.name)
