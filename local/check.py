"""Finds wires of the declared program that lead nowhere, before anything runs over them."""

import json
from collections.abc import Iterator
from typing import Any

from local import declared
from local.check_edge import broken_edge
from local.check_login import broken_login
from local.declared import Deployment, Resource
from local.wiring import find_function, find_integration, find_queue

# https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
RESERVED_VARIABLES = frozenset(
    {
        "_HANDLER",
        "_X_AMZN_TRACE_ID",
        "AWS_DEFAULT_REGION",
        "AWS_REGION",
        "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_LAMBDA_RUNTIME_API",
        "LAMBDA_TASK_ROOT",
        "LAMBDA_RUNTIME_DIR",
    }
)
LAMBDA_SECONDS = 3  # a function's time when the program gives none
SQS_SECONDS = 30  # a queue's visibility timeout when the program gives none
INVOKE = "lambda:InvokeFunction"
SEND = "sqs:SendMessage"


def broken_wires(deployment: Deployment) -> list[str]:
    """Return one sentence for each wire that leads nowhere; none when all hold."""
    checks = (_sources, _routes, _rules, _buckets, _variables, _dead_letters, _invocations)
    edge = (broken_edge, broken_login)
    return [complaint for check in (*checks, *edge) for complaint in check(deployment)]


def _sources(deployment: Deployment) -> Iterator[str]:
    for mapping in deployment.of(declared.MAPPING):
        source, target = mapping.inputs.get("eventSourceArn"), mapping.inputs["functionName"]
        queue, function = find_queue(deployment, source), find_function(deployment, target)
        if queue is None:
            yield f"event source {mapping}: {source} is no declared queue"
        if function is None:
            yield f"event source {mapping}: {target} is no declared function"
        if queue is None or function is None:
            continue
        hidden = queue.inputs.get("visibilityTimeoutSeconds", SQS_SECONDS)
        running = function.inputs.get("timeout", LAMBDA_SECONDS)
        if hidden < running:
            yield (
                f"event source {mapping}: queue {queue} hides a message for {hidden} s, less than "
                f"the {running} s that function {function} may take; AWS refuses that"
            )


def _routes(deployment: Deployment) -> Iterator[str]:
    for api in deployment.of(declared.API):
        if not any(s.inputs["apiId"] == api.id for s in deployment.of(declared.STAGE)):
            yield f"API {api}: it has no stage, so nothing serves its routes"
    for route in deployment.of(declared.ROUTE):
        key = route.inputs["routeKey"]
        integration = find_integration(deployment, route)
        if integration is None:
            target = route.inputs.get("target", "nothing")
            yield f"route {key!r} ({route}): it leads to {target}, which is no declared integration"
            continue
        uri = integration.inputs.get("integrationUri")
        function = find_function(deployment, uri)
        if function is None:
            yield (
                f"route {key!r} ({route}): integration {integration} leads to {uri}, "
                "which is no declared function"
            )
            continue
        if integration.inputs.get("payloadFormatVersion") != "2.0":
            yield f"integration {integration}: payload_format_version has to be 2.0"
        if not _may_invoke(deployment, function, "apigateway.amazonaws.com"):
            yield (
                f"route {key!r} ({route}): no lambda.Permission lets API Gateway invoke function "
                f"{function}"
            )


def _rules(deployment: Deployment) -> Iterator[str]:
    targets = list(deployment.of(declared.TARGET))
    for rule in deployment.of(declared.RULE):
        if not any(t.inputs["rule"] == rule.outputs["name"] for t in targets):
            yield f"rule {rule}: it has no target"
        pattern = rule.inputs["eventPattern"]
        pattern = json.loads(pattern) if isinstance(pattern, str) else pattern
        if "aws.s3" in pattern.get("source", ()) and "detail-type" not in pattern:
            yield f"rule {rule}: without a detail-type it takes tags and deletions for new objects"
    for target in targets:
        yield from _target(deployment, target)


def _target(deployment: Deployment, target: Resource) -> Iterator[str]:
    rule, arn = target.inputs["rule"], target.inputs["arn"]
    if all(r.outputs["name"] != rule for r in deployment.of(declared.RULE)):
        yield f"target {target}: {rule} is no declared rule"
    queue = find_queue(deployment, arn)
    if queue is None:
        yield f"target {target}: {arn} is no declared queue, and local mode feeds only queues"
        return
    read = {m.inputs.get("eventSourceArn") for m in deployment.of(declared.MAPPING)}
    if arn not in read:
        yield f"queue {queue}: target {target} fills it, but no event source reads it"
    if not _may_send(deployment, queue, "events.amazonaws.com"):
        yield f"queue {queue}: no policy lets events.amazonaws.com send to it, as {target} does"


def _buckets(deployment: Deployment) -> Iterator[str]:
    """Complain about rules that wait for a bucket which announces nothing."""
    announcing = {
        n.inputs["bucket"]
        for n in deployment.of(declared.NOTIFICATION)
        if n.inputs.get("eventbridge")
    }
    for rule in deployment.of(declared.RULE):
        pattern = rule.inputs["eventPattern"]
        pattern = json.loads(pattern) if isinstance(pattern, str) else pattern
        for bucket in pattern.get("detail", {}).get("bucket", {}).get("name", ()):
            if bucket not in announcing:
                yield (
                    f"rule {rule}: bucket {bucket} sends no events to EventBridge; it needs a "
                    "BucketNotification with eventbridge=True"
                )


def _variables(deployment: Deployment) -> Iterator[str]:
    for function in deployment.of(declared.FUNCTION):
        variables = (function.inputs.get("environment") or {}).get("variables") or {}
        for name in sorted(RESERVED_VARIABLES & variables.keys()):
            yield f"function {function}: variable {name} belongs to Lambda, which refuses it"
        for name in sorted(n for n, value in variables.items() if not isinstance(value, str)):
            yield f"function {function}: variable {name} is {variables[name]!r}, not text"


def _dead_letters(deployment: Deployment) -> Iterator[str]:
    for queue in deployment.of(declared.QUEUE):
        policy = queue.inputs.get("redrivePolicy")
        if not policy:
            continue
        dead = json.loads(policy)["deadLetterTargetArn"]
        if find_queue(deployment, dead) is None:
            yield f"queue {queue}: its dead letters go to {dead}, which is no declared queue"


def _invocations(deployment: Deployment) -> Iterator[str]:
    for invocation in deployment.of(declared.INVOCATION):
        target = invocation.inputs["functionName"]
        if find_function(deployment, target) is None:
            yield f"invocation {invocation}: {target} is no declared function"


def _may_invoke(deployment: Deployment, function: Resource, service: str) -> bool:
    return any(
        p.inputs["principal"] == service
        and p.inputs["action"] == INVOKE
        and find_function(deployment, p.inputs["function"]) is function
        for p in deployment.of(declared.PERMISSION)
    )


def _may_send(deployment: Deployment, queue: Resource, service: str) -> bool:
    """Say whether the queue's policy, its own or attached, has an Allow for a service."""
    policies = [queue.inputs.get("policy")]
    policies += [
        p.inputs["policy"]
        for p in deployment.of(declared.QUEUE_POLICY)
        if p.inputs["queueUrl"] == queue.id
    ]
    statements = [s for text in policies if text for s in json.loads(text)["Statement"]]
    return any(
        s["Effect"] == "Allow"
        and service in _as_list((s.get("Principal") or {}).get("Service", ()))
        and {SEND, "sqs:*"} & set(_as_list(s["Action"]))
        for s in statements
        if isinstance(s.get("Principal"), dict)
    )


def _as_list(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)
