"""Bucket -> rule -> queue -> function, an HTTP API, a migration; ``fault`` breaks one wire."""

import pulumi
from pulumi_aws import apigatewayv2, cloudwatch, iam, lambda_, s3, sqs

config = pulumi.Config()
fault = config.get("fault") or ""

if fault == "raises":
    raise ValueError("the program changed its mind")
if fault == "refuses":
    raise pulumi.RunError("tiny:tries has to be set")
if fault == "unknown type":
    iam.Group("people")


def policy(*statements: dict[str, object]) -> pulumi.Output[str]:
    return pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": list(statements)})


def function(
    name: str, handler: str, environment: dict[str, pulumi.Input[str]] | None = None
) -> lambda_.Function:
    return lambda_.Function(
        name,
        code=pulumi.AssetArchive({name: pulumi.FileArchive(f"functions/{name}")}),
        handler=handler,
        runtime="python3.13",
        role=role.arn,
        timeout=1,
        environment={"variables": environment or {}},
    )


role = iam.Role("role", assume_role_policy="{}")
archive = s3.Bucket("Archive")
everything = archive.arn.apply(lambda arn: f"{arn}/*")
s3.BucketVersioning(
    "versions", bucket=archive.bucket, versioning_configuration={"status": "Enabled"}
)
s3.BucketPolicy(
    "policy",
    bucket=archive.bucket,
    policy=policy(
        {
            "Sid": "TlsOnly",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": everything,
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        },
        {
            "Sid": "NothingGoes",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:DeleteObject",
            "Resource": everything,
        },
    ),
)
s3.BucketNotification("announcements", bucket=archive.bucket, eventbridge=True)

dead = sqs.Queue("dead")
queue = sqs.Queue(
    "uploads",
    visibility_timeout_seconds=1,
    redrive_policy=pulumi.Output.json_dumps(
        {"deadLetterTargetArn": dead.arn, "maxReceiveCount": config.require_int("tries")}
    ),
)
sqs.QueuePolicy(
    "senders",
    queue_url=queue.url,
    policy=policy(
        {
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": queue.arn,
        }
    ),
)
rule = cloudwatch.EventRule(
    "created",
    event_pattern=pulumi.Output.json_dumps(
        {
            "source": ["aws.s3"],
            "detail-type": ["Object Created"],
            "detail": {
                "bucket": {"name": [archive.bucket]},
                "object": {"key": [{"prefix": "slides/"}]},
            },
        }
    ),
)
cloudwatch.EventTarget("to-uploads", rule=rule.name, arn=queue.arn)

importer = function(
    "importer",
    "importer.handler.handel" if fault == "handler" else "importer.handler.handle",
    {} if fault == "variable" else {"ARCHIVE": archive.bucket, "SECRET": pulumi.Output.secret("s")},
)
if fault != "queue":
    lambda_.EventSourceMapping(
        "uploads-to-importer",
        event_source_arn=queue.arn,
        function_name=importer.arn,
        batch_size=3,
        function_response_types=["ReportBatchItemFailures"],
    )

web = function("web", "web.handler.handle")
api = apigatewayv2.Api("api", protocol_type="HTTP")
lambda_.Permission(
    "api-calls-web",
    action="lambda:InvokeFunction",
    function=web.name,
    principal="apigateway.amazonaws.com",
)
integration = apigatewayv2.Integration(
    "to-web",
    api_id=api.id,
    integration_type="AWS_PROXY",
    integration_uri=web.invoke_arn,
    payload_format_version="2.0",
)
apigatewayv2.Stage("stage", api_id=api.id, name="$default", auto_deploy=True)
for name, key in (
    ("all", "GET /api/{proxy+}"),
    ("one", "GET /api/things/{id}"),
    ("exact", "GET /api/things/special"),
    ("any", "ANY /api/any"),
    ("post", "POST /api/{proxy+}"),
):
    nothing = "integrations/nothing" if fault == "route" and name == "one" else None
    apigatewayv2.Route(
        name,
        api_id=api.id,
        route_key=key,
        target=nothing or integration.id.apply("integrations/{}".format),
    )

migrate = function("migrate", "migrate.handler.handle")
lambda_.Invocation("migration", function_name=migrate.name, input='{"revision": "head"}')

pulumi.export("archive_bucket", archive.bucket)
pulumi.export("api_url", api.api_endpoint)
pulumi.export("database", config.get("databaseUrl"))
pulumi.export("plain", config.get("plain"))
pulumi.export("secret", pulumi.Output.secret("told"))
