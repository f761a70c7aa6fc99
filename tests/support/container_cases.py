"""Properties of containers and what is around them that keep each rule, and that break each."""

import json
from typing import Any

from policy.rules import containers, storage

CONTAINER: dict[str, Any] = {
    "name": "tiles",
    "user": "1000:1000",
    "readonlyRootFilesystem": True,
    "environment": [{"name": "PORT", "value": "8080"}],
    "logConfiguration": {"logDriver": "awslogs"},
}
FILES = {"efsVolumeConfiguration": {"transitEncryption": "ENABLED"}}


def task(*volumes: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Return a task definition of one container."""
    return {
        "containerDefinitions": json.dumps([CONTAINER | changes]),
        "volumes": list(volumes),
    }


REPOSITORY = {
    "imageScanningConfiguration": {"scanOnPush": True},
    "imageTagMutability": "IMMUTABLE",
}
SERVICE: dict[str, Any] = {
    "networkConfiguration": {"assignPublicIp": False},
    "platformVersion": "LATEST",
}
BALANCER = {"internal": True, "dropInvalidHeaderFields": True}
READERS: dict[str, Any] = {
    "allowedOrigins": ["https://slides.example.org"],
    "allowedMethods": ["GET", "HEAD"],
}

SOUND: list[tuple[str, dict[str, Any]]] = [
    (containers.REPOSITORY, REPOSITORY),
    (containers.CLUSTER, {"settings": [{"name": "containerInsights", "value": "enabled"}]}),
    (containers.TASK, task({"name": "tmp"}, FILES)),
    (containers.SERVICE, SERVICE),
    (containers.BALANCER, BALANCER),
    (containers.LISTENER, {"protocol": "HTTPS"}),
    (storage.CORS, {"corsRules": [READERS]}),
]

BROKEN: list[tuple[str, str, dict[str, Any]]] = [
    (
        "ECR.1/CKV_AWS_163",
        containers.REPOSITORY,
        REPOSITORY | {"imageScanningConfiguration": {"scanOnPush": False}},
    ),
    (
        "ECR.2/CKV_AWS_51",
        containers.REPOSITORY,
        REPOSITORY | {"imageTagMutability": "MUTABLE"},
    ),
    ("ECS.12/CKV_AWS_65", containers.CLUSTER, {}),
    ("ECS.5/CKV_AWS_336", containers.TASK, task(readonlyRootFilesystem=False)),
    ("ECS.20", containers.TASK, task(user="0:0")),
    ("ECS.20", containers.TASK, task(user="")),
    ("ECS.4/CKV_AWS_334", containers.TASK, task(privileged=True)),
    ("ECS.9", containers.TASK, task(logConfiguration=None)),
    ("ECS.8", containers.TASK, task(environment=[{"name": "API_TOKEN", "value": "x"}])),
    (
        "EFS-TLS/CKV_AWS_97",
        containers.TASK,
        task({"efsVolumeConfiguration": {"transitEncryption": "DISABLED"}}),
    ),
    (
        "ECS.2/CKV_AWS_333",
        containers.SERVICE,
        SERVICE | {"networkConfiguration": {"assignPublicIp": True}},
    ),
    ("ECS.10/CKV_AWS_332", containers.SERVICE, SERVICE | {"platformVersion": "1.3.0"}),
    ("BALANCER-INSIDE", containers.BALANCER, BALANCER | {"internal": False}),
    ("ELB.4/CKV_AWS_131", containers.BALANCER, BALANCER | {"dropInvalidHeaderFields": None}),
    ("ELB.1/CKV_AWS_2", containers.LISTENER, {"protocol": "HTTP"}),
    ("CORS-SITE", storage.CORS, {"corsRules": [READERS | {"allowedOrigins": ["*"]}]}),
    ("CORS-READ", storage.CORS, {"corsRules": [READERS | {"allowedMethods": ["GET", "PUT"]}]}),
]
