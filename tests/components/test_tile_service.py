"""Containers that serve tiles: small rights, no public address, and a way in for the edge alone."""

import json
from collections.abc import Mapping
from typing import Any

import pulumi
import pytest

from components.filesystem import FileSystem, FileSystemArgs
from components.iam import Grant
from components.image_repository import ImageRepository, ImageRepositoryArgs, elsewhere
from components.tile_service import TileService, TileServiceArgs, layer_bucket
from tests.support.networks import PLACE, network
from tests.support.pulumi_recorder import Declare, Recorded

TASK = "aws:ecs/taskDefinition:TaskDefinition"
SERVICE = "aws:ecs/service:Service"
GROUP = "aws:ec2/securityGroup:SecurityGroup"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
NAME = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/lab/tiles:7"
READ = Grant(("s3:GetObject",), ("arn:aws:s3:::archive/slides/*",))


def args(**changes: Any) -> TileServiceArgs:
    here = network(egress="nat-gateway")
    files = FileSystem("files", FileSystemArgs(network=here, kept=False))
    least: dict[str, Any] = {
        "network": here,
        "place": PLACE,
        "image": elsewhere(NAME),
        "environment": {"COLOUR": "red", "BUCKET": pulumi.Output.from_input("archive")},
        "grants": (READ,),
        "copies": files.access_point("working-set", "/working-set", 1000, 1000),
        "copies_path": "/mnt/working-set",
        "log_days": 30,
    }
    return TileServiceArgs(**{**least, **changes})


def service(**changes: Any) -> pulumi.Output[str]:
    return TileService("tiles", args(**changes)).service_name


def container(recorded: Recorded) -> dict[str, Any]:
    (found,) = json.loads(recorded.one(TASK).inputs["containerDefinitions"])
    return dict(found)


def rights(recorded: Recorded, name: str) -> Mapping[str, list[str]]:
    policy = recorded.one("aws:iam/rolePolicy:RolePolicy", f"{name}-policy").inputs["policy"]
    return {
        action: one["Resource"]
        for one in json.loads(policy)["Statement"]
        for action in one["Action"]
    }


def test_a_container_has_no_root_no_writable_disk_and_no_privilege(
    declare: Declare, recorded: Recorded
) -> None:
    declare(service)
    found = container(recorded)
    assert found["user"] == "1000:1000"
    assert found["readonlyRootFilesystem"] is True
    assert found["linuxParameters"]["capabilities"] == {"drop": ["ALL"]}
    assert "privileged" not in found
    places = {one["containerPath"] for one in found["mountPoints"]}
    assert places == {"/tmp", "/mnt/working-set"}


def test_it_is_told_what_was_declared_and_how_many_processes_to_run(
    declare: Declare, recorded: Recorded
) -> None:
    declare(lambda: service(cpu=4))
    told = {one["name"]: one["value"] for one in container(recorded)["environment"]}
    assert told == {"BUCKET": "archive", "COLOUR": "red", "LABSIGHT_WORKERS": "4", "PORT": "8080"}
    task = recorded.one(TASK).inputs
    assert (task["cpu"], task["memory"]) == ("4096", "8192")
    assert task["runtimePlatform"]["cpuArchitecture"] == "ARM64"


def test_it_sees_the_shared_files_over_tls_by_its_own_rights(
    declare: Declare, recorded: Recorded
) -> None:
    declare(service)
    (volume,) = [one for one in recorded.one(TASK).inputs["volumes"] if one["name"] == "copies"]
    point = recorded.one("aws:efs/accessPoint:AccessPoint").state["id"]
    efs = volume["efsVolumeConfiguration"]
    assert efs["transitEncryption"] == "ENABLED"
    assert efs["authorizationConfig"] == {"accessPointId": point, "iam": "ENABLED"}
    assert "elasticfilesystem:ClientMount" in rights(recorded, "tiles-server")


def test_the_server_has_its_grants_and_its_platform_pulls_one_image_and_logs(
    declare: Declare, recorded: Recorded
) -> None:
    declare(service)
    server = rights(recorded, "tiles-server")
    assert server["s3:GetObject"] == ["arn:aws:s3:::archive/slides/*"]
    assert {one.partition(":")[0] for one in server} == {"s3", "elasticfilesystem"}
    platform = rights(recorded, "tiles-platform")
    arn = "arn:aws:ecr:eu-central-1:123456789012:repository/lab/tiles"
    assert platform["ecr:BatchGetImage"] == [arn]
    assert {one.partition(":")[0] for one in platform} == {"ecr", "logs"}
    for name in ("tiles-platform-role", "tiles-server-role"):
        role = recorded.one("aws:iam/role:Role", name)
        (trust,) = json.loads(role.inputs["assumeRolePolicy"])["Statement"]
        assert trust["Principal"] == {"Service": "ecs-tasks.amazonaws.com"}
        assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": PLACE.account}}


def test_it_is_reached_through_the_balancer_and_that_by_cloudfront_alone(
    declare: Declare, recorded: Recorded
) -> None:
    declare(service)
    balancer = recorded.one("aws:lb/loadBalancer:LoadBalancer").inputs
    assert balancer["internal"] is True
    group, edge = (
        recorded.one(GROUP, f"{one}-group").state["id"] for one in ("tiles", "tiles-edge")
    )
    ways = [
        (one.inputs.get("referencedSecurityGroupId") or one.inputs.get("prefixListId"))
        for one in recorded.of(INGRESS)
        if one.inputs["securityGroupId"] in {group, edge}
    ]
    assert sorted(map(str, ways)) == sorted([edge, "pl-3b927c52"])
    config = recorded.one(SERVICE).inputs["networkConfiguration"]
    assert config["assignPublicIp"] is False
    assert config["securityGroups"] == [group]
    origin = recorded.one("aws:cloudfront/vpcOrigin:VpcOrigin").inputs["vpcOriginEndpointConfig"]
    assert origin["arn"] == recorded.one("aws:lb/loadBalancer:LoadBalancer").state["arn"]


def test_it_grows_and_shrinks_between_its_bounds_and_a_bad_image_is_given_up(
    declare: Declare, recorded: Recorded
) -> None:
    declare(lambda: service(fewest=2, most=9))
    target = recorded.one("aws:appautoscaling/target:Target").inputs
    assert (target["minCapacity"], target["maxCapacity"]) == (2, 9)
    assert target["resourceId"] == "service/tiles-cluster-1a2b3c4/tiles-service-1a2b3c4"
    inputs = recorded.one(SERVICE).inputs
    assert inputs["deploymentCircuitBreaker"] == {"enable": True, "rollback": True}
    assert (inputs["desiredCount"], inputs["deploymentMinimumHealthyPercent"]) == (2, 100)


def test_it_starts_once_the_balancer_listens_and_files_can_be_mounted(
    declare: Declare, recorded: Recorded
) -> None:
    declare(service)
    assert "tiles-edge-listener" in recorded.one(SERVICE).depends_on
    targets = {one.name for one in recorded.of("aws:efs/mountTarget:MountTarget")}
    assert targets <= recorded.one(TASK).depends_on


def test_images_of_the_own_repository_are_scanned_and_stay_what_they_are(
    declare: Declare, recorded: Recorded
) -> None:
    def program() -> pulumi.Input[str]:
        return ImageRepository("tiles", ImageRepositoryArgs()).image("2026.11").name

    url = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/tiles-images-1a2b3c4"
    assert declare(program) == f"{url}:2026.11"
    inputs = recorded.one("aws:ecr/repository:Repository").inputs
    assert inputs["imageTagMutability"] == "IMMUTABLE"
    assert inputs["imageScanningConfiguration"] == {"scanOnPush": True}
    policy = recorded.one("aws:ecr/lifecyclePolicy:LifecyclePolicy").inputs["policy"]
    assert json.loads(policy)["rules"][0]["selection"]["countNumber"] == 10


@pytest.mark.parametrize("name", ["tiles:7", "docker.io/lab/tiles:7", NAME.partition(":")[0]])
def test_images_from_elsewhere_than_ecr_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"slides\.image: .* is no image in ECR"):
        elsewhere(name)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"cpu": 3}, r"slides\.cpu: 1, 2, 4, 8, got 3"),
        ({"fewest": 5, "most": 4}, r"slides\.tasks\.min: .* \(4\), got 5"),
        ({"fewest": 0}, r"slides\.tasks\.min: 1 or more"),
    ],
)
def test_sizes_that_fargate_does_not_have_are_refused(
    declare: Declare, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        declare(lambda: service(**changes))


def test_layers_come_from_a_bucket_of_the_region() -> None:
    assert layer_bucket("eu-west-1") == "prod-eu-west-1-starport-layer-bucket"
