import json
from typing import Any

import pytest

from stacks.slides import MIGRATIONS
from tests.support.labsight_program import DATABASE_URL, labsight
from tests.support.pulumi_recorder import Declare, Recorded

FUNCTION = "aws:lambda/function:Function"
BUCKET = "archive-bucket-1a2b3c4"
ARN = f"arn:aws:s3:::{BUCKET}"
SCRATCH = str(9728 * 1024**2)


def environment(recorded: Recorded, function: str) -> dict[str, str]:
    found: dict[str, str] = recorded.one(FUNCTION, f"{function}-function").inputs["environment"][
        "variables"
    ]
    return found


def allowed(recorded: Recorded, function: str) -> dict[str, list[str]]:
    policy = recorded.one("aws:iam/rolePolicy:RolePolicy", f"{function}-policy").inputs["policy"]
    held: dict[str, list[str]] = {}
    for statement in json.loads(policy)["Statement"]:
        for action in statement["Action"]:
            held.setdefault(action, []).extend(statement["Resource"])
    return held


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (
            "importer",
            {
                "LABSIGHT_ARCHIVE_BUCKET": BUCKET,
                "LABSIGHT_DATABASE_URL": DATABASE_URL,
                "LABSIGHT_DATABASE_AUTH": "iam",
                "LABSIGHT_SCRATCH_BYTES": SCRATCH,
                "LABSIGHT_LOG_LEVEL": "INFO",
            },
        ),
        (
            "tiles",
            {
                "LABSIGHT_ARCHIVE_BUCKET": BUCKET,
                "LABSIGHT_SHOW_LABELS": "false",
                "LABSIGHT_SCRATCH_BYTES": SCRATCH,
                "LABSIGHT_LOG_LEVEL": "INFO",
            },
        ),
        (
            "catalog",
            {
                "LABSIGHT_DATABASE_URL": DATABASE_URL,
                "LABSIGHT_DATABASE_AUTH": "iam",
                "LABSIGHT_LOG_LEVEL": "INFO",
            },
        ),
        (
            "migrate",
            {
                "LABSIGHT_DATABASE_URL": DATABASE_URL,
                "LABSIGHT_DATABASE_AUTH": "iam",
                "LABSIGHT_LOG_LEVEL": "INFO",
            },
        ),
    ],
)
def test_a_function_is_told_exactly_what_it_needs(
    declare: Declare, recorded: Recorded, function: str, expected: dict[str, str]
) -> None:
    declare(labsight())
    assert environment(recorded, function) == expected


def test_labels_are_shown_when_the_lab_says_so(declare: Declare, recorded: Recorded) -> None:
    declare(labsight(showLabels="true"))
    assert environment(recorded, "tiles")["LABSIGHT_SHOW_LABELS"] == "true"


def test_staged_slides_fit_the_room_that_the_functions_have(
    declare: Declare, recorded: Recorded
) -> None:
    declare(labsight())
    for function in ("importer", "tiles"):
        room = recorded.one(FUNCTION, f"{function}-function").inputs["ephemeralStorage"]["size"]
        assert int(environment(recorded, function)["LABSIGHT_SCRATCH_BYTES"]) < room * 1024**2


def test_the_importer_reads_scans_and_writes_only_what_it_derives(
    declare: Declare, recorded: Recorded
) -> None:
    declare(labsight())
    held = allowed(recorded, "importer")
    assert held["s3:GetObject"] == [f"{ARN}/slides/*", f"{ARN}/derived/*"]
    assert held["s3:PutObject"] == [f"{ARN}/derived/*"]
    assert held["rds-db:connect"] == ["arn:aws:rds-db:*:*:dbuser:*/labsight"]


def test_the_tile_function_only_reads_and_knows_no_database(
    declare: Declare, recorded: Recorded
) -> None:
    declare(labsight())
    held = allowed(recorded, "tiles")
    assert held["s3:GetObject"] == [f"{ARN}/slides/*", f"{ARN}/derived/*"]
    assert {action for action in held if action.startswith(("s3:", "rds", "sqs:"))} == {
        "s3:GetObject",
        "s3:ListBucket",
    }


@pytest.mark.parametrize("function", ["catalog", "migrate"])
def test_catalog_and_migration_reach_the_database_and_no_image(
    declare: Declare, recorded: Recorded, function: str
) -> None:
    declare(labsight())
    held = {
        action for action in allowed(recorded, function) if not action.startswith(("logs", "xray"))
    }
    assert held == {"rds-db:connect"}


def test_without_iam_at_the_database_no_function_may_connect_by_role(
    declare: Declare, recorded: Recorded
) -> None:
    declare(labsight(databaseAuth="none"))
    for function in ("importer", "catalog", "migrate"):
        assert "rds-db:connect" not in allowed(recorded, function)
        assert environment(recorded, function)["LABSIGHT_DATABASE_AUTH"] == "none"


def test_scanned_objects_reach_the_importer_through_the_queue(
    declare: Declare, recorded: Recorded
) -> None:
    declare(labsight())
    rule = recorded.one("aws:cloudwatch/eventRule:EventRule")
    target = recorded.one("aws:cloudwatch/eventTarget:EventTarget")
    mapping = recorded.one("aws:lambda/eventSourceMapping:EventSourceMapping")
    pattern = json.loads(rule.inputs["eventPattern"])
    assert pattern["detail"] == {
        "bucket": {"name": [BUCKET]},
        "object": {"key": [{"prefix": "slides/"}]},
    }
    assert target.inputs["rule"] == rule.state["name"]
    assert mapping.inputs["eventSourceArn"] == target.inputs["arn"]
    importer = recorded.one(FUNCTION, "importer-function")
    assert mapping.inputs["functionName"] == importer.state["arn"]
    queue = recorded.one("aws:sqs/queue:Queue", "uploads-queue")
    assert queue.inputs["visibilityTimeoutSeconds"] >= 6 * importer.inputs["timeout"]


@pytest.mark.parametrize(
    ("route", "function", "check"),
    [
        ("GET /slides/{proxy+}", "tiles", "AWS_IAM"),
        ("HEAD /slides/{proxy+}", "tiles", "AWS_IAM"),
        ("GET /api/{proxy+}", "catalog", "AWS_IAM"),
        ("GET /healthz", "catalog", "NONE"),
    ],
)
def test_a_path_leads_to_its_function(
    declare: Declare, recorded: Recorded, route: str, function: str, check: str
) -> None:
    declare(labsight())
    (declared,) = [
        one
        for one in recorded.of("aws:apigatewayv2/route:Route")
        if one.inputs["routeKey"] == route
    ]
    integration = recorded.one("aws:apigatewayv2/integration:Integration", f"web-to-{function}")
    assert declared.inputs["authorizationType"] == check
    assert declared.inputs["target"] == f"integrations/{integration.state['id']}"
    uri: Any = integration.inputs["integrationUri"]
    assert recorded.one(FUNCTION, f"{function}-function").state["arn"] in uri


def test_what_uses_the_tables_changes_after_the_migration(
    declare: Declare, recorded: Recorded
) -> None:
    declare(labsight())
    for function in ("importer", "catalog"):
        assert "migration-call" in recorded.one(FUNCTION, f"{function}-function").depends_on


def test_the_migrations_that_trigger_the_call_travel_with_the_function(
    declare: Declare, recorded: Recorded
) -> None:
    declare(labsight())
    packed = recorded.one(FUNCTION, "migrate-function").inputs["code"].assets
    inside = f"labsight/{MIGRATIONS.relative_to(MIGRATIONS.parents[1]).as_posix()}/"
    assert [path for path in packed if path.startswith(f"{inside}versions/")]


def test_logs_are_kept_as_long_as_the_lab_says(declare: Declare, recorded: Recorded) -> None:
    declare(labsight(logRetentionDays="365"))
    groups = recorded.of("aws:cloudwatch/logGroup:LogGroup")
    assert len(groups) == 5
    assert {one.inputs["retentionInDays"] for one in groups} == {365}
