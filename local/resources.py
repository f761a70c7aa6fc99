"""What becomes of each declared resource: a real object in the embedded AWS, or a note of its ids.

A type that is in neither table is an error that names it, so nothing is silently absent.
To teach local mode a type, see docs/local-mode.md.
"""

import json
from collections.abc import Callable
from typing import Any, cast

from local import declared
from local.database_resources import DATABASE_MAKERS, DATABASE_RECORDED
from local.declared import Properties
from local.edge_resources import EDGE_MAKERS, EDGE_RECORDED
from local.errors import UnknownDeclaration
from local.making import Made, Site, physical, short_id
from local.moto_server import ACCOUNT


def make(site: Site, resource_type: str, name: str, inputs: Properties) -> Made:
    """Make or record one declared resource; return its id and computed properties."""
    if resource_type in MAKERS:
        return MAKERS[resource_type](site, name, inputs)
    if resource_type in RECORDED:
        return _record(site, RECORDED[resource_type], name, inputs)
    raise UnknownDeclaration(
        f"{resource_type} {name!r}: local mode does not know this type; add it to MAKERS (when "
        "something of it runs locally) or RECORDED (when nothing does) in local/resources.py"
    )


def look_up(site: Site, token: str, arguments: Properties) -> Properties:
    """Answer a data source of the program."""
    if token not in LOOK_UPS:
        raise UnknownDeclaration(
            f"data source {token} with {arguments}: local mode has no answer; add one to LOOK_UPS "
            "in local/resources.py"
        )
    return LOOK_UPS[token](site)


def _bucket(site: Site, name: str, inputs: Properties) -> Made:
    bucket = physical(name, inputs.get("bucket")).lower()
    region = site.cloud.region
    if region == "us-east-1":  # the one region that S3 does not take as a constraint
        site.cloud.s3.create_bucket(Bucket=bucket)
    else:
        site.cloud.s3.create_bucket(
            Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": cast("Any", region)}
        )
    return bucket, {
        "bucket": bucket,
        "arn": f"arn:aws:s3:::{bucket}",
        "region": region,
        "bucketDomainName": f"{bucket}.s3.amazonaws.com",
        "bucketRegionalDomainName": f"{bucket}.s3.{region}.amazonaws.com",
    }


def _bucket_versioning(site: Site, name: str, inputs: Properties) -> Made:
    status = inputs["versioningConfiguration"]["status"]
    site.cloud.s3.put_bucket_versioning(
        Bucket=inputs["bucket"], VersioningConfiguration={"Status": status}
    )
    return name, {}


def _bucket_policy(site: Site, name: str, inputs: Properties) -> Made:
    """Put the policy without conditional denials: moto takes each of them for unconditional."""
    policy = _document(inputs["policy"])
    dropped = [s for s in policy["Statement"] if s["Effect"] == "Deny" and s.get("Condition")]
    kept = [s for s in policy["Statement"] if s not in dropped]
    for statement in dropped:
        site.notes.append(
            f"bucket policy {name}: denial {statement.get('Sid', '(no Sid)')!r} has a condition "
            "and is not enforced here"
        )
    if kept:
        site.cloud.s3.put_bucket_policy(
            Bucket=inputs["bucket"], Policy=json.dumps({**policy, "Statement": kept})
        )
    return inputs["bucket"], {}


def _bucket_notification(site: Site, name: str, inputs: Properties) -> Made:
    others = [k for k in ("queues", "topics", "lambdaFunctions") if inputs.get(k)]
    if others:
        raise UnknownDeclaration(
            f"{declared.NOTIFICATION} {name!r}: local mode delivers bucket events through "
            f"EventBridge only, not through {', '.join(others)}; use eventbridge=True and a rule"
        )
    if inputs.get("eventbridge"):
        site.cloud.s3.put_bucket_notification_configuration(
            Bucket=inputs["bucket"], NotificationConfiguration={"EventBridgeConfiguration": {}}
        )
    return inputs["bucket"], {}


_QUEUE_ATTRIBUTES = {
    "visibilityTimeoutSeconds": "VisibilityTimeout",
    "messageRetentionSeconds": "MessageRetentionPeriod",
    "delaySeconds": "DelaySeconds",
    "receiveWaitTimeSeconds": "ReceiveMessageWaitTimeSeconds",
    "maxMessageSize": "MaximumMessageSize",
    "redrivePolicy": "RedrivePolicy",
}


def _queue(site: Site, name: str, inputs: Properties) -> Made:
    if inputs.get("fifoQueue"):
        raise UnknownDeclaration(
            f"{declared.QUEUE} {name!r}: local mode runs standard queues only, not FIFO"
        )
    queue = physical(name, inputs.get("name"))
    attributes = {
        theirs: _text(inputs[ours])
        for ours, theirs in _QUEUE_ATTRIBUTES.items()
        if inputs.get(ours) is not None
    }
    url = site.cloud.sqs.create_queue(QueueName=queue, Attributes=cast("Any", attributes))[
        "QueueUrl"
    ]
    return url, {"name": queue, "url": url, "arn": site.arn("sqs", queue)}


def _rule(site: Site, name: str, inputs: Properties) -> Made:
    rule = physical(name, inputs.get("name"))
    if not inputs.get("eventPattern"):
        raise UnknownDeclaration(
            f"{declared.RULE} {name!r}: local mode runs rules with an event pattern, not schedules"
        )
    site.cloud.events.put_rule(
        Name=rule,
        EventPattern=json.dumps(_document(inputs["eventPattern"])),
        State=inputs.get("state", "ENABLED"),
    )
    return rule, {"name": rule, "arn": site.arn("events", f"rule/{rule}")}


def _target(site: Site, name: str, inputs: Properties) -> Made:
    reshaped = [k for k in ("input", "inputPath", "inputTransformer") if inputs.get(k)]
    if reshaped:
        raise UnknownDeclaration(
            f"{declared.TARGET} {name!r}: bucket events reach their targets unchanged in local "
            f"mode, so {', '.join(reshaped)} would be ignored; reshape them in the function"
        )
    target = inputs.get("targetId") or name
    site.cloud.events.put_targets(
        Rule=inputs["rule"], Targets=[{"Id": target, "Arn": inputs["arn"]}]
    )
    return f"{inputs['rule']}-{target}", {"targetId": target}


def _function(site: Site, name: str, inputs: Properties) -> Made:
    function = physical(name, inputs.get("name"))
    arn = site.arn("lambda", f"function:{function}")
    invocations = f"path/2015-03-31/functions/{arn}/invocations"
    return function, {
        "name": function,
        "arn": arn,
        "qualifiedArn": f"{arn}:$LATEST",
        "invokeArn": f"arn:aws:apigateway:{site.cloud.region}:lambda:{invocations}",
        "version": "$LATEST",
    }


def _api(site: Site, name: str, inputs: Properties) -> Made:
    api = short_id("api", name)
    return api, {
        "name": physical(name, inputs.get("name")),
        "apiEndpoint": site.address,
        "arn": f"arn:aws:apigateway:{site.cloud.region}::/apis/{api}",
        "executionArn": site.arn("execute-api", api),
    }


def _stage(site: Site, name: str, inputs: Properties) -> Made:
    stage = physical(name, inputs.get("name"))
    path = "" if stage == "$default" else f"/{stage}"
    arn = f"arn:aws:apigateway:{site.cloud.region}::/apis/{inputs['apiId']}/stages/{stage}"
    execution = site.arn("execute-api", f"{inputs['apiId']}/{stage}")
    return stage, {
        "name": stage,
        "arn": arn,
        "executionArn": execution,
        "invokeUrl": f"{site.address}{path}",
    }


def _vpc_endpoint(site: Site, name: str, _inputs: Properties) -> Made:
    endpoint = f"vpce-{short_id(name)}"
    return endpoint, {
        "arn": site.arn("ec2", f"vpc-endpoint/{endpoint}"),
        "dnsEntries": [{"dnsName": f"{endpoint}.vpce.local", "hostedZoneId": "local"}],
        "prefixListId": "pl-local",
    }


def _record(site: Site, arn: str, name: str, inputs: Properties) -> Made:
    """Give ids to a resource that has nothing to run: what has an ARN also has a name."""
    if not arn:
        return short_id(name), {}
    named = physical(name, inputs.get("name"))
    places = {"name": named, "region": site.cloud.region, "account": ACCOUNT}
    return named, {"name": named, "arn": arn.format_map(places)}


def _document(policy: Any) -> Properties:
    return cast("Properties", json.loads(policy) if isinstance(policy, str) else policy)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


MAKERS: dict[str, Callable[[Site, str, Properties], Made]] = {
    declared.BUCKET: _bucket,
    "aws:s3/bucketVersioning:BucketVersioning": _bucket_versioning,
    "aws:s3/bucketPolicy:BucketPolicy": _bucket_policy,
    declared.NOTIFICATION: _bucket_notification,
    declared.QUEUE: _queue,
    declared.RULE: _rule,
    declared.TARGET: _target,
    declared.FUNCTION: _function,
    declared.API: _api,
    declared.STAGE: _stage,
    **EDGE_MAKERS,
    **DATABASE_MAKERS,
    "aws:ec2/vpcEndpoint:VpcEndpoint": _vpc_endpoint,
}

# Types of which nothing runs locally, and the form of their ARN ("" when they have none).
RECORDED = {
    "pulumi:providers:aws": "",
    "aws:s3/bucketCorsConfiguration:BucketCorsConfiguration": "",
    "aws:s3/bucketIntelligentTieringConfiguration:BucketIntelligentTieringConfiguration": "",
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": "",
    "aws:s3/bucketLogging:BucketLogging": "",
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": "",
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": "",
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": "",
    "aws:cloudwatch/logGroup:LogGroup": "arn:aws:logs:{region}:{account}:log-group:{name}",
    "aws:cloudwatch/logDelivery:LogDelivery": "",
    "aws:cloudwatch/logDeliveryDestination:LogDeliveryDestination": (
        "arn:aws:logs:us-east-1:{account}:delivery-destination:{name}"
    ),
    "aws:cloudwatch/logDeliverySource:LogDeliverySource": (
        "arn:aws:logs:us-east-1:{account}:delivery-source:{name}"
    ),
    "aws:cloudwatch/metricAlarm:MetricAlarm": "arn:aws:cloudwatch:{region}:{account}:alarm:{name}",
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": "",
    "aws:ec2/eip:Eip": "",
    "aws:ec2/flowLog:FlowLog": "",
    "aws:ebs/volume:Volume": "arn:aws:ec2:{region}:{account}:volume/{name}",
    "aws:ec2/instance:Instance": "arn:aws:ec2:{region}:{account}:instance/{name}",
    "aws:ec2/volumeAttachment:VolumeAttachment": "",
    "aws:ec2/internetGateway:InternetGateway": "",
    "aws:ec2/natGateway:NatGateway": "",
    "aws:ec2/route:Route": "",
    "aws:ec2/routeTable:RouteTable": "",
    "aws:ec2/routeTableAssociation:RouteTableAssociation": "",
    "aws:ec2/securityGroup:SecurityGroup": "arn:aws:ec2:{region}:{account}:security-group/{name}",
    "aws:ec2/subnet:Subnet": "arn:aws:ec2:{region}:{account}:subnet/{name}",
    "aws:ec2transitgateway/instanceConnectEndpoint:InstanceConnectEndpoint": (
        "arn:aws:ec2:{region}:{account}:instance-connect-endpoint/{name}"
    ),
    "aws:ec2/vpc:Vpc": "arn:aws:ec2:{region}:{account}:vpc/{name}",
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": "",
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": "",
    "aws:appautoscaling/policy:Policy": "",
    "aws:appautoscaling/target:Target": "",
    "aws:cloudfront/vpcOrigin:VpcOrigin": "",
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": "",
    "aws:ecr/repository:Repository": "arn:aws:ecr:{region}:{account}:repository/{name}",
    "aws:ecs/cluster:Cluster": "arn:aws:ecs:{region}:{account}:cluster/{name}",
    "aws:ecs/service:Service": "arn:aws:ecs:{region}:{account}:service/{name}",
    "aws:ecs/taskDefinition:TaskDefinition": (
        "arn:aws:ecs:{region}:{account}:task-definition/{name}"
    ),
    "aws:lb/listener:Listener": "arn:aws:elasticloadbalancing:{region}:{account}:listener/{name}",
    "aws:lb/loadBalancer:LoadBalancer": (
        "arn:aws:elasticloadbalancing:{region}:{account}:loadbalancer/{name}"
    ),
    "aws:lb/targetGroup:TargetGroup": (
        "arn:aws:elasticloadbalancing:{region}:{account}:targetgroup/{name}"
    ),
    "aws:kms/key:Key": "arn:aws:kms:{region}:{account}:key/{name}",
    "aws:backup/plan:Plan": "",
    "aws:backup/selection:Selection": "",
    "aws:backup/vault:Vault": "arn:aws:backup:{region}:{account}:backup-vault:{name}",
    "aws:budgets/budget:Budget": "",
    "aws:cloudtrail/trail:Trail": "arn:aws:cloudtrail:{region}:{account}:trail/{name}",
    "aws:cloudwatch/dashboard:Dashboard": "",
    "aws:cloudwatch/logMetricFilter:LogMetricFilter": "",
    "aws:iam/policy:Policy": "arn:aws:iam::{account}:policy/{name}",
    "aws:sns/topic:Topic": "arn:aws:sns:{region}:{account}:{name}",
    "aws:sns/topicPolicy:TopicPolicy": "",
    "aws:sns/topicSubscription:TopicSubscription": "",
    "aws:iam/instanceProfile:InstanceProfile": "arn:aws:iam::{account}:instance-profile/{name}",
    "aws:iam/role:Role": "arn:aws:iam::{account}:role/{name}",
    "aws:iam/rolePolicy:RolePolicy": "",
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": "",
    "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy": "",
    "aws:scheduler/schedule:Schedule": "arn:aws:scheduler:{region}:{account}:schedule/{name}",
    "aws:storagegateway/gateway:Gateway": (
        "arn:aws:storagegateway:{region}:{account}:gateway/{name}"
    ),
    "aws:storagegateway/smbFileShare:SmbFileShare": (
        "arn:aws:storagegateway:{region}:{account}:share/{name}"
    ),
    "aws:lambda/layerVersion:LayerVersion": "arn:aws:lambda:{region}:{account}:layer:{name}:1",
    declared.QUEUE_POLICY: "",
    **EDGE_RECORDED,
    **DATABASE_RECORDED,
    # Run from the record once everything is declared: events.py, front.py, start.py.
    declared.MAPPING: "",
    declared.PERMISSION: "",
    declared.INVOCATION: "",
    declared.INTEGRATION: "",
    declared.ROUTE: "",
}

LOOK_UPS: dict[str, Callable[[Site], Properties]] = {
    "aws:index/getCallerIdentity:getCallerIdentity": lambda _site: {
        "id": ACCOUNT,
        "accountId": ACCOUNT,
        "userId": "local",
        "arn": f"arn:aws:iam::{ACCOUNT}:user/local",
    },
    "aws:index/getRegion:getRegion": lambda site: {
        "id": site.cloud.region,
        "name": site.cloud.region,
        "region": site.cloud.region,
    },
    "aws:index/getAvailabilityZones:getAvailabilityZones": lambda site: {
        "id": site.cloud.region,
        "names": [f"{site.cloud.region}{letter}" for letter in "abc"],
        "zoneIds": [f"local-az{number}" for number in (1, 2, 3)],
    },
    "aws:ec2/getManagedPrefixList:getManagedPrefixList": lambda _site: {
        "id": "pl-local",
        "name": "com.amazonaws.global.cloudfront.origin-facing",
    },
    # The only parameters looked up are AWS's own, for the newest machine images.
    "aws:ssm/getParameter:getParameter": lambda _site: {
        "id": "image",
        "value": "ami-local",
        "insecureValue": "ami-local",
    },
    "aws:index/getPartition:getPartition": lambda _site: {
        "id": "aws",
        "partition": "aws",
        "dnsSuffix": "amazonaws.com",
    },
}
