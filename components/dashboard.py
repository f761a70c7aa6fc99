"""One page of graphs: what the stack does now, and which of its alarms sound."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi import ComponentResource, Input, Output, ResourceOptions
from pulumi_aws import cloudwatch

from components.naming import checked

COLUMNS = 24  # of a CloudWatch dashboard
HEIGHT = 6
WIDTH = 8  # three graphs in a row

Row = list[Any]
Widget = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What exists, by the id that its metrics carry; nothing is drawn of what is left out.

    ``functions`` and ``dead_letters`` map the name to show to the physical name. ``region`` is that
    of the metrics; those of CloudFront are in us-east-1 alone.
    """

    region: str
    functions: Mapping[str, Input[str]] | None = None
    dead_letters: Mapping[str, Input[str]] | None = None
    api_id: Input[str] | None = None
    distribution_id: Input[str] | None = None
    database: Input[str] | None = None  # an instance's identifier
    cluster: Input[str] | None = None  # an Aurora cluster's identifier
    gateway: tuple[Input[str], Input[str]] | None = None  # id and name
    desktop: Input[str] | None = None  # the instance's id
    archive: Input[str] | None = None  # the bucket's name
    failed_imports: tuple[str, str] | None = None  # namespace and metric


def body(shown: Shown) -> dict[str, Any]:
    """Return the dashboard as CloudWatch reads it, three graphs in a row."""
    graphs = [graph for graph in _graphs(shown) if graph["properties"]["metrics"]]
    return {"widgets": [_placed(number, graph) for number, graph in enumerate(graphs)]}


def _graphs(shown: Shown) -> list[Widget]:
    region = shown.region
    functions, dead = shown.functions or {}, shown.dead_letters or {}
    return [
        _graph("Calls", region, [_function("Invocations", *one) for one in functions.items()]),
        _graph("Errors", region, [_function("Errors", *one) for one in functions.items()]),
        _graph(
            "Slowest twentieth of calls (ms)",
            region,
            [_function("Duration", *one) for one in functions.items()],
            "p95",
        ),
        _graph("Slides that could not be imported", region, _imports(shown)),
        _graph(
            "Dead letters",
            region,
            [
                ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", queue, _named(label)]
                for label, queue in dead.items()
            ],
            "Maximum",
        ),
        _graph("API", region, _metrics("AWS/ApiGateway", ("Count", "4xx", "5xx"), _api(shown))),
        _graph(
            "CloudFront requests",
            "us-east-1",
            _metrics("AWS/CloudFront", ("Requests",), _edge(shown)),
        ),
        _graph(
            "CloudFront errors (%)",
            "us-east-1",
            _metrics("AWS/CloudFront", ("4xxErrorRate", "5xxErrorRate"), _edge(shown)),
            "Average",
        ),
        *_databases(shown),
        *_machines(shown),
        _graph("Archive (bytes, by day)", region, _archive(shown), "Average", 86_400),
    ]


def _databases(shown: Shown) -> list[Widget]:
    instance = ["DBInstanceIdentifier", shown.database] if shown.database is not None else []
    cluster = ["DBClusterIdentifier", shown.cluster] if shown.cluster is not None else []
    return [
        _graph(
            "Database: busy (%), connections",
            shown.region,
            _metrics("AWS/RDS", ("CPUUtilization", "DatabaseConnections"), instance or cluster),
            "Average",
        ),
        _graph(
            "Database: free storage (bytes)",
            shown.region,
            _metrics("AWS/RDS", ("FreeStorageSpace",), instance),
            "Minimum",
        ),
        _graph(
            "Database: capacity units",
            shown.region,
            _metrics("AWS/RDS", ("ServerlessDatabaseCapacity",), cluster),
            "Average",
        ),
    ]


def _machines(shown: Shown) -> list[Widget]:
    gateway: Row = []
    if shown.gateway is not None:
        identity, name = shown.gateway
        gateway = ["GatewayId", identity, "GatewayName", name]
    desktop = ["InstanceId", shown.desktop] if shown.desktop is not None else []
    return [
        _graph(
            "Gateway: cache used, not yet uploaded (%)",
            shown.region,
            _metrics("AWS/StorageGateway", ("CachePercentUsed", "CachePercentDirty"), gateway),
            "Average",
        ),
        _graph(
            "Desktop: busy (%)",
            shown.region,
            _metrics("AWS/EC2", ("CPUUtilization",), desktop),
            "Average",
        ),
    ]


def _metrics(namespace: str, names: Sequence[str], dimensions: Row) -> list[Row]:
    return [[namespace, name, *dimensions] for name in names] if dimensions else []


def _api(shown: Shown) -> Row:
    return ["ApiId", shown.api_id] if shown.api_id is not None else []


def _edge(shown: Shown) -> Row:
    if shown.distribution_id is None:
        return []
    return ["DistributionId", shown.distribution_id, "Region", "Global"]


def _imports(shown: Shown) -> list[Row]:
    return [list(shown.failed_imports)] if shown.failed_imports else []


def _archive(shown: Shown) -> list[Row]:
    """Return the bytes in each class that slides pass through."""
    if shown.archive is None:
        return []
    tiers = {"FA": "frequent", "IA": "infrequent", "AIA": "instant", "AA": "archive", "DAA": "deep"}
    return [
        [
            *("AWS/S3", "BucketSizeBytes", "StorageType", f"IntelligentTiering{tier}Storage"),
            *("BucketName", shown.archive, _named(label)),
        ]
        for tier, label in tiers.items()
    ]


def _function(metric: str, label: str, physical: Input[str]) -> Row:
    return ["AWS/Lambda", metric, "FunctionName", physical, _named(label)]


def _named(label: str) -> dict[str, str]:
    return {"label": label}


def _graph(
    title: str, region: str, metrics: list[Row], stat: str = "Sum", seconds: int = 300
) -> Widget:
    properties = {"title": title, "region": region, "metrics": metrics, "stat": stat}
    return {"type": "metric", "properties": {**properties, "period": seconds, "view": "timeSeries"}}


def _placed(number: int, graph: Widget) -> Widget:
    row, column = divmod(number, COLUMNS // WIDTH)
    return {"x": column * WIDTH, "y": row * HEIGHT, "width": WIDTH, "height": HEIGHT, **graph}


class Dashboard(ComponentResource):
    """The stack's dashboard; its name says project, stack and region, for people look it up.

    Names of dashboards are the account's, not a region's.
    """

    name: str

    def __init__(self, name: str, args: Shown, opts: ResourceOptions | None = None) -> None:
        super().__init__("labsight:operations:Dashboard", name, None, opts)
        self.name = dashboard_name(args.region)
        cloudwatch.Dashboard(
            f"{name}-page",
            dashboard_name=self.name,
            dashboard_body=Output.json_dumps(body(args)),
            opts=ResourceOptions(parent=self),
        )
        self.register_outputs({})


def dashboard_name(region: str) -> str:
    """Name it ``<project>-<stack>-<region>``; a dot, which CloudWatch refuses, becomes ``-``."""
    name = f"{pulumi.get_project()}-{pulumi.get_stack()}-{region}".replace(".", "-")
    return checked("aws:cloudwatch/dashboard:Dashboard", name)
