"""Containers: no root, no writable disk, no public address, images that stay what they are."""

import json
from typing import Any

from policy.rule import Companion, Properties, Rule, equals, inside, is_true
from policy.rules.compute import holds_no_secret

REPOSITORY = "aws:ecr/repository:Repository"
IMAGES_LIFECYCLE = "aws:ecr/lifecyclePolicy:LifecyclePolicy"
CLUSTER = "aws:ecs/cluster:Cluster"
TASK = "aws:ecs/taskDefinition:TaskDefinition"
SERVICE = "aws:ecs/service:Service"
BALANCER = "aws:lb/loadBalancer:LoadBalancer"
LISTENER = "aws:lb/listener:Listener"


def _containers(properties: Properties) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(properties["containerDefinitions"])
    return found


def _keep_their_root(properties: Properties) -> bool:
    return all(one.get("readonlyRootFilesystem") is True for one in _containers(properties))


def _are_no_root(properties: Properties) -> bool:
    users = [str(one.get("user", "0")).partition(":")[0] for one in _containers(properties)]
    return all(user not in {"", "0", "root"} for user in users)


def _are_not_privileged(properties: Properties) -> bool:
    return not any(one.get("privileged") for one in _containers(properties))


def _log(properties: Properties) -> bool:
    return all(one.get("logConfiguration") for one in _containers(properties))


def _hold_no_secret(properties: Properties) -> bool:
    return all(
        holds_no_secret({each["name"]: each["value"] for each in one.get("environment", [])})
        for one in _containers(properties)
    )


def _mounts_over_tls(properties: Properties) -> bool:
    mounts = [one.get("efsVolumeConfiguration") for one in properties.get("volumes") or ()]
    return all(one.get("transitEncryption") == "ENABLED" for one in mounts if one)


RULES = (
    Rule(
        "ECR.1/CKV_AWS_163",
        REPOSITORY,
        "has its images scanned",
        inside("imageScanningConfiguration", is_true("scanOnPush")),
    ),
    Rule("ECR.2/CKV_AWS_51", REPOSITORY, "keeps tags", equals("imageTagMutability", "IMMUTABLE")),
    Rule(
        "ECS.12/CKV_AWS_65",
        CLUSTER,
        "measures its containers",
        lambda p: {"name": "containerInsights", "value": "enabled"} in (p.get("settings") or ()),
    ),
    Rule("ECS.5/CKV_AWS_336", TASK, "keeps its root file system", _keep_their_root),
    Rule("ECS.20", TASK, "runs as no root", _are_no_root),
    Rule("ECS.4/CKV_AWS_334", TASK, "is not privileged", _are_not_privileged),
    Rule("ECS.9", TASK, "writes a log", _log),
    Rule("ECS.8", TASK, "holds no secret in its environment", _hold_no_secret),
    Rule("EFS-TLS/CKV_AWS_97", TASK, "mounts files over TLS", _mounts_over_tls),
    Rule(
        "ECS.2/CKV_AWS_333",
        SERVICE,
        "gives no public address",
        inside("networkConfiguration", lambda p: p.get("assignPublicIp") is not True),
    ),
    Rule("ECS.10/CKV_AWS_332", SERVICE, "is on the newest", equals("platformVersion", "LATEST")),
    Rule("BALANCER-INSIDE", BALANCER, "has no public address", is_true("internal")),
    Rule(
        "ELB.4/CKV_AWS_131",
        BALANCER,
        "drops headers that are none",
        is_true("dropInvalidHeaderFields"),
    ),
    Rule("ELB.1/CKV_AWS_2", LISTENER, "speaks TLS", equals("protocol", "HTTPS")),
)

COMPANIONS = (Companion("ECR.3", REPOSITORY, IMAGES_LIFECYCLE, "name", "repository"),)
