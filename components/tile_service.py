"""Tiles out of containers: a service on Fargate that grows with its work, behind the edge alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi import ComponentResource, Input, Output, ResourceOptions
from pulumi_aws import appautoscaling, cloudwatch, ecs

from components.balancer import Balancer, BalancerArgs
from components.encryption import Key
from components.filesystem import AccessPoint
from components.iam import Grant, Role, RoleArgs
from components.image_repository import Image
from components.naming import checked, log_group_name
from components.network import Network
from components.place import Place
from components.security_group import SecurityGroup, SecurityGroupArgs

PORT = 8080
HEALTH = "/healthz"
COPIES = "copies"  # the volume with slides that only OpenSlide reads
USER = 1000
# Fargate takes 2 to 8 times as many GB of memory as processors.
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-cpu-memory-error.html
CPUS = (1, 2, 4, 8)
GB_A_CPU = 2
BUSY_PERCENT = 60  # of the processors, from which on another container starts
GROW_SECONDS, SHRINK_SECONDS = 30, 300
START_SECONDS = 30
STOP_SECONDS = 30
FILES = 16_384  # open at a time

# What a task's platform reaches over the network: its image and its log.
# https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html
SERVICES = ("ecr.api", "ecr.dkr", "logs")


def layer_bucket(region: str) -> str:
    """Return the bucket of AWS that the layers of images come from."""
    return f"prod-{region}-starport-layer-bucket"


@dataclass(frozen=True, kw_only=True)
class TileServiceArgs:
    """What runs, where, how large and how many; ``grants`` are the server's own rights.

    ``copies`` is a folder of the shared file system, seen at ``copies_path``.
    """

    network: Network
    place: Place
    image: Image
    environment: Mapping[str, Input[str]]
    grants: tuple[Grant, ...]
    copies: AccessPoint
    copies_path: str
    log_days: int
    cpu: int = 1
    fewest: int = 1
    most: int = 4
    key: Key | None = None

    def __post_init__(self) -> None:
        if self.cpu not in CPUS:
            raise ValueError(f"slides.cpu: {', '.join(map(str, CPUS))}, got {self.cpu}")
        if not 0 < self.fewest <= self.most:
            raise ValueError(
                f"slides.tasks.min: 1 or more, and no more than slides.tasks.max ({self.most}), "
                f"got {self.fewest}"
            )


class TileService(ComponentResource):
    """Containers on arm64, without a public address, a writable disk or root."""

    balancer: Balancer
    group: SecurityGroup
    cluster_name: Output[str]
    service_name: Output[str]
    log_group: Output[str]

    def __init__(
        self, name: str, args: TileServiceArgs, opts: ResourceOptions | None = None
    ) -> None:
        super().__init__("labsight:compute:TileService", name, None, opts)
        self._child = ResourceOptions(parent=self)
        logs = cloudwatch.LogGroup(
            f"{name}-logs",
            name=log_group_name(name),
            retention_in_days=args.log_days,
            kms_key_id=args.key.arn if args.key else None,
            opts=self._child,
        )
        self.log_group = logs.name
        self.group = SecurityGroup(
            name,
            SecurityGroupArgs(network=args.network, description="Containers that serve tiles"),
            self._child,
        )
        self.group.reach_s3("Containers to the archive and the layers of their image")
        self.balancer = Balancer(
            f"{name}-edge",
            BalancerArgs(network=args.network, port=PORT, health_path=HEALTH),
            self._child,
        )
        self.group.accept(self.balancer.group, PORT, "Balancer to the containers")
        cluster = ecs.Cluster(
            f"{name}-cluster",
            settings=[{"name": "containerInsights", "value": "enabled"}],
            opts=self._child,
        )
        service = self._service(name, args, cluster, self._task(name, args, logs))
        self.cluster_name, self.service_name = cluster.name, service.name
        self._scale(name, args)
        self.register_outputs({"service_name": self.service_name})

    def _task(
        self, name: str, args: TileServiceArgs, logs: cloudwatch.LogGroup
    ) -> ecs.TaskDefinition:
        pulls = (*args.image.pull, _write(logs))
        platform = Role(f"{name}-platform", _role(args, pulls), self._child)
        serves = (*args.grants, args.copies.mount())
        server = Role(f"{name}-server", _role(args, serves), self._child)
        family = f"{pulumi.get_project()}-{pulumi.get_stack()}-{name}"
        container = Output.json_dumps([_container(args, logs.name)])
        return ecs.TaskDefinition(
            f"{name}-task",
            family=checked("aws:ecs/taskDefinition:TaskDefinition", family),
            requires_compatibilities=["FARGATE"],
            network_mode="awsvpc",
            cpu=str(args.cpu * 1024),
            memory=str(args.cpu * GB_A_CPU * 1024),
            runtime_platform={"cpu_architecture": "ARM64", "operating_system_family": "LINUX"},
            execution_role_arn=platform.arn,
            task_role_arn=server.arn,
            container_definitions=container,
            volumes=[
                {"name": "tmp"},
                {
                    "name": COPIES,
                    "efs_volume_configuration": {
                        "file_system_id": args.copies.file_system_id,
                        "transit_encryption": "ENABLED",
                        "authorization_config": {
                            "access_point_id": args.copies.id,
                            "iam": "ENABLED",
                        },
                    },
                },
            ],
            opts=ResourceOptions(parent=self, depends_on=[platform, server, *args.copies.ready]),
        )

    def _service(
        self, name: str, args: TileServiceArgs, cluster: ecs.Cluster, task: ecs.TaskDefinition
    ) -> ecs.Service:
        return ecs.Service(
            f"{name}-service",
            cluster=cluster.arn,
            task_definition=task.arn,
            launch_type="FARGATE",
            platform_version="LATEST",
            desired_count=args.fewest,
            network_configuration={
                "subnets": list(args.network.private_subnets),
                "security_groups": [self.group.id],
                "assign_public_ip": False,
            },
            load_balancers=[
                {
                    "target_group_arn": self.balancer.target_group,
                    "container_name": "tiles",
                    "container_port": PORT,
                }
            ],
            # An image that does not come up is given up, and the one before goes on.
            deployment_circuit_breaker={"enable": True, "rollback": True},
            deployment_minimum_healthy_percent=100,
            deployment_maximum_percent=200,
            health_check_grace_period_seconds=START_SECONDS,
            enable_ecs_managed_tags=True,
            propagate_tags="SERVICE",
            opts=ResourceOptions(
                parent=self,
                depends_on=[self.balancer],
                ignore_changes=["desiredCount"],  # that is the scaling's to say
            ),
        )

    def _scale(self, name: str, args: TileServiceArgs) -> None:
        """Keep the processors busy and not too busy."""
        target = appautoscaling.Target(
            f"{name}-scale",
            service_namespace="ecs",
            resource_id=Output.concat("service/", self.cluster_name, "/", self.service_name),
            scalable_dimension="ecs:service:DesiredCount",
            min_capacity=args.fewest,
            max_capacity=args.most,
            opts=self._child,
        )
        appautoscaling.Policy(
            f"{name}-scale-by-cpu",
            policy_type="TargetTrackingScaling",
            service_namespace=target.service_namespace,
            resource_id=target.resource_id,
            scalable_dimension=target.scalable_dimension,
            target_tracking_scaling_policy_configuration={
                "predefined_metric_specification": {
                    "predefined_metric_type": "ECSServiceAverageCPUUtilization"
                },
                "target_value": BUSY_PERCENT,
                "scale_out_cooldown": GROW_SECONDS,
                "scale_in_cooldown": SHRINK_SECONDS,
            },
            opts=self._child,
        )


def _role(args: TileServiceArgs, grants: tuple[Grant, ...]) -> RoleArgs:
    """Let tasks of this account alone take a role.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html
    """
    own = {"StringEquals": {"aws:SourceAccount": args.place.account}}
    return RoleArgs(service="ecs-tasks.amazonaws.com", grants=grants, trust=own)


def _write(logs: cloudwatch.LogGroup) -> Grant:
    return Grant(("logs:CreateLogStream", "logs:PutLogEvents"), (Output.concat(logs.arn, ":*"),))


def _container(args: TileServiceArgs, log_group: Output[str]) -> dict[str, Any]:
    """Describe the container as ECS's own document has it."""
    alive = f"import urllib.request as u; u.urlopen('http://127.0.0.1:{PORT}{HEALTH}', timeout=4)"
    settings = {**args.environment, "LABSIGHT_WORKERS": str(args.cpu), "PORT": str(PORT)}
    return {
        "name": "tiles",
        "image": args.image.name,
        "essential": True,
        "user": f"{USER}:{USER}",
        "readonlyRootFilesystem": True,
        "linuxParameters": {"initProcessEnabled": True, "capabilities": {"drop": ["ALL"]}},
        "ulimits": [{"name": "nofile", "softLimit": FILES, "hardLimit": FILES}],
        "portMappings": [{"containerPort": PORT, "protocol": "tcp"}],
        "environment": [{"name": key, "value": settings[key]} for key in sorted(settings)],
        "mountPoints": [
            {"sourceVolume": "tmp", "containerPath": "/tmp"},  # noqa: S108 - inside the container
            {"sourceVolume": COPIES, "containerPath": args.copies_path},
        ],
        "healthCheck": {
            "command": ["CMD", "python", "-c", alive],
            "interval": 15,
            "timeout": 5,
            "retries": 3,
            "startPeriod": START_SECONDS,
        },
        "stopTimeout": STOP_SECONDS,
        "logConfiguration": {
            "logDriver": "awslogs",
            "options": {
                "awslogs-group": log_group,
                "awslogs-region": args.place.region,
                "awslogs-stream-prefix": "tiles",
            },
        },
    }
