"""What is worth an alarm in each kind of thing, as plain values; ``components/alarm.py`` sets them.

Each has its row in docs/operations.md: what it means, what to do.
"""

from collections.abc import Mapping
from typing import Literal

from pulumi import Input

from components.alarm import Watch
from components.log_count import LogCount

MINUTE, HOUR = 60, 3600

# CloudFront's metrics exist in this region alone, and so do alarms on them.
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/programming-cloudwatch-metrics.html
EDGE_REGION = "us-east-1"

# PostgreSQL on RDS: LEAST(memory / 9531392, 5000) connections; the memory left to it is about 0.9
# of what the class has. https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Limits.html
_BYTES_A_CONNECTION = 9_531_392
_USABLE_MEMORY = 0.9
_GIB = 1024**3


def of_function(label: str, function_name: Input[str]) -> tuple[Watch, ...]:
    """Watch one function: it ended with an error, or AWS refused to start it."""
    dimensions = {"FunctionName": function_name}
    return (
        Watch(
            name=f"{label}-errors",
            advice=f"The function {label} ended with an error: read its log.",
            namespace="AWS/Lambda",
            metric="Errors",
            dimensions=dimensions,
            threshold=0,
        ),
        Watch(
            name=f"{label}-throttles",
            advice=f"AWS refused to start {label}: the account's concurrency is used up.",
            namespace="AWS/Lambda",
            metric="Throttles",
            dimensions=dimensions,
            threshold=0,
            times=3,  # a burst that a retry settles is none
        ),
    )


def of_function_url(label: str, function_name: Input[str]) -> tuple[Watch, ...]:
    """Watch what a function answers at its own address, behind CloudFront."""
    return (
        Watch(
            name=f"{label}-5xx",
            advice=f"The function {label} answers with server errors: read its log.",
            namespace="AWS/Lambda",
            metric="Url5xxCount",
            dimensions={"FunctionName": function_name},
            threshold=5,
        ),
    )


def of_balancer(label: str, dimensions: Mapping[str, Input[str]]) -> tuple[Watch, ...]:
    """Watch containers behind a balancer: they answer with errors, or none is there to answer."""
    return (
        Watch(
            name=f"{label}-5xx",
            advice=f"The containers of {label} answer with server errors: read their log.",
            namespace="AWS/ApplicationELB",
            metric="HTTPCode_Target_5XX_Count",
            dimensions=dimensions,
            threshold=5,
        ),
        Watch(
            name=f"{label}-unhealthy",
            advice=f"A container of {label} does not answer: read its log.",
            namespace="AWS/ApplicationELB",
            metric="UnHealthyHostCount",
            dimensions=dimensions,
            threshold=0,
            times=3,  # a container that starts is not healthy yet
        ),
    )


def of_imports(failed: LogCount) -> tuple[Watch, ...]:
    """Watch for slides that could not be imported, as the importer's log tells."""
    return (
        Watch(
            name="import-failures",
            advice="A slide could not be imported: the worklist shows it with the reason.",
            namespace=failed.namespace,
            metric=failed.metric,
            dimensions={},
            threshold=0,
        ),
    )


def of_silence(queue_name: Input[str], *, hours: int) -> tuple[Watch, ...]:
    """Watch the queue of new objects: nothing was put on it in each of so many hours in a row.

    An object is put there the moment it is stored, from whatever source. A queue that nobody uses
    has no figures, which is silence as well.
    """
    return (
        Watch(
            name="nothing-sent",
            advice=f"No scanner has sent anything for {hours} hours: labsight status on each.",
            namespace="AWS/SQS",
            metric="NumberOfMessagesSent",
            dimensions={"QueueName": queue_name},
            comparison="LessThanThreshold",
            threshold=1,
            seconds=HOUR,
            times=hours,
            missing="breaching",
        ),
    )


def of_dead_letters(label: str, queue_name: Input[str]) -> tuple[Watch, ...]:
    """Watch a queue of dead letters, which ought to be empty.

    SQS stops its figures six hours after the last use of a queue, full or not; the alarm goes on.
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-monitoring-using-cloudwatch.html
    """
    return (
        Watch(
            name=f"{label}-dead-letters",
            advice=f"Messages of {label} were given up after several tries: read and redrive them.",
            namespace="AWS/SQS",
            metric="ApproximateNumberOfMessagesVisible",
            dimensions={"QueueName": queue_name},
            statistic="Maximum",
            threshold=0,
            missing="ignore",
        ),
    )


def of_postgres(
    identifier: Input[str], *, storage_gb: int, memory_gb: float | None
) -> tuple[Watch, ...]:
    """Watch an RDS instance: storage under a tenth, busy for half an hour, connections at 80 %.

    Without its memory (GiB) nobody can say how many connections are many.
    """
    dimensions = {"DBInstanceIdentifier": identifier}
    return (
        Watch(
            name="database-storage",
            advice="Less than a tenth of the storage is free: raise database.storageGb.",
            namespace="AWS/RDS",
            metric="FreeStorageSpace",
            dimensions=dimensions,
            statistic="Minimum",
            comparison="LessThanThreshold",
            threshold=storage_gb * _GIB // 10,
        ),
        _busy(dimensions),
        *(() if memory_gb is None else (_crowded(dimensions, memory_gb),)),
    )


def _crowded(dimensions: dict[str, Input[str]], memory_gb: float) -> Watch:
    return Watch(
        name="database-connections",
        advice="The database is near its greatest number of connections.",
        namespace="AWS/RDS",
        metric="DatabaseConnections",
        dimensions=dimensions,
        statistic="Maximum",
        threshold=connections(memory_gb) * 8 // 10,
    )


def memory_of(instance_class: str) -> float | None:
    """Return the memory (GiB) of a class such as ``db.t4g.micro``; None for an unusual one.

    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Concepts.DBInstanceClass.Summary.html
    """
    family, _, size = instance_class.removeprefix("db.").partition(".")
    sizes = {"micro": 1, "small": 2, "medium": 4, "large": 8, "xlarge": 16, "2xlarge": 32}
    if family[:1] not in {"t", "m", "r"} or size not in sizes:
        return None
    return float(sizes[size] * (2 if family.startswith("r") else 1))


def connections(memory_gb: float) -> int:
    """Return how many connections PostgreSQL on RDS accepts with so much memory (GiB)."""
    if memory_gb <= 0:
        raise ValueError(f"memory_gb: of a database, more than 0, got {memory_gb}")
    return min(int(memory_gb * _GIB * _USABLE_MEMORY / _BYTES_A_CONNECTION), 5000)


def of_aurora(identifier: Input[str]) -> tuple[Watch, ...]:
    """Watch an Aurora Serverless cluster: its storage grows by itself, its capacity is capped."""
    dimensions = {"DBClusterIdentifier": identifier}
    return (
        Watch(
            name="database-capacity",
            advice="The database works at its greatest capacity: raise database.largestAcu.",
            namespace="AWS/RDS",
            metric="ACUUtilization",
            dimensions=dimensions,
            statistic="Average",
            threshold=90,
            times=6,
        ),
        _busy(dimensions),
    )


def _busy(dimensions: dict[str, Input[str]]) -> Watch:
    return Watch(
        name="database-cpu",
        advice="The database has been busy for half an hour: look at its slowest queries.",
        namespace="AWS/RDS",
        metric="CPUUtilization",
        dimensions=dimensions,
        statistic="Average",
        threshold=80,
        times=6,
    )


def of_api(api_id: Input[str]) -> tuple[Watch, ...]:
    """Watch an HTTP API: server errors, which a browser shows as failures."""
    return (
        Watch(
            name="api-5xx",
            advice="The API answers with server errors: read the log of the catalog function.",
            namespace="AWS/ApiGateway",
            metric="5xx",
            dimensions={"ApiId": api_id},
            threshold=5,
        ),
    )


def of_edge(distribution_id: Input[str]) -> tuple[Watch, ...]:
    """Watch a CloudFront distribution; set in ``EDGE_REGION``, with a topic there."""
    return (
        Watch(
            name="edge-5xx",
            advice="More than 5 percent of what CloudFront answers are server errors.",
            namespace="AWS/CloudFront",
            metric="5xxErrorRate",
            dimensions={"DistributionId": distribution_id, "Region": "Global"},
            statistic="Average",
            threshold=5,
            times=3,
        ),
    )


def of_gateway(gateway_id: Input[str], gateway_name: Input[str]) -> tuple[Watch, ...]:
    """Watch a file gateway: its cache fills faster than it uploads, or it is not well."""
    dimensions = {"GatewayId": gateway_id, "GatewayName": gateway_name}
    kinds: tuple[tuple[str, str, float, int, str], ...] = (
        (
            "gateway-cache",
            "CachePercentDirty",
            80,
            4,
            "The gateway holds much that it did not upload yet: keep it running.",
        ),
        (
            "gateway-health",
            "HealthNotifications",
            0,
            1,
            "The gateway reports trouble: read its log group.",
        ),
    )
    return tuple(
        Watch(
            name=name,
            advice=advice,
            namespace="AWS/StorageGateway",
            metric=metric,
            dimensions=dimensions,
            statistic="Maximum",
            threshold=threshold,
            times=times,
        )
        for name, metric, threshold, times, advice in kinds
    )


def of_instance(
    instance_id: Input[str], *, hours: int, label: Literal["desktop", "gateway"] = "desktop"
) -> tuple[Watch, ...]:
    """Watch for a machine that somebody left on: figures in each of so many hours in a row.

    A stopped machine has no figures; how many it has while it runs depends on its monitoring.
    """
    return (
        Watch(
            name=f"{label}-left-on",
            advice=f"The {label} has run for {hours} hours: labsight desktop stop.",
            namespace="AWS/EC2",
            metric="CPUUtilization",
            dimensions={"InstanceId": instance_id},
            statistic="SampleCount",
            threshold=0,
            seconds=HOUR,
            times=hours,
        ),
    )


def of_backup(vault_name: Input[str]) -> tuple[Watch, ...]:
    """Watch a backup vault: a job failed."""
    return (
        Watch(
            name="backup-failed",
            advice="A backup job failed: look at the jobs in AWS Backup.",
            namespace="AWS/Backup",
            metric="NumberOfBackupJobsFailed",
            dimensions={"BackupVaultName": vault_name},
            seconds=HOUR,
            threshold=0,
        ),
    )
