"""What the functions of the slide service are told and allowed, and what leads to them."""

import json
from typing import Any

import pytest

from components.database_engines import PORT
from stacks.catalog import CATALOG
from stacks.tiles import WORKING_SET
from tests.support.labsight_program import recording
from tests.support.pulumi_recorder import Recorded, Resource

CORS = "aws:s3/bucketCorsConfiguration:BucketCorsConfiguration"
HEADERS = "aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy"
FUNCTION = "aws:lambda/function:Function"
BUCKET = "archive-bucket-1a2b3c4"
ARN = f"arn:aws:s3:::{BUCKET}"
WHAT_ALL_DO = ("logs:", "xray:", "kms:", "sqs:SendMessage", "ec2:", "elasticfilesystem:")
INSIDE = ("importer", "catalog", "migrate")
OUTSIDE = ("tiles", "session", "database-setup", "database-release")


@pytest.fixture(scope="module")
def slides() -> Recorded:
    return recording({"features": '["slides"]'})


def function(recorded: Recorded, name: str) -> Resource:
    return recorded.one(FUNCTION, f"{name}-function")


def environment(recorded: Recorded, name: str) -> dict[str, str]:
    found: dict[str, str] = function(recorded, name).inputs["environment"]["variables"]
    return found


def allowed(recorded: Recorded, name: str) -> dict[str, list[str]]:
    policy = recorded.one("aws:iam/rolePolicy:RolePolicy", f"{name}-policy").inputs["policy"]
    held: dict[str, list[str]] = {}
    for statement in json.loads(policy)["Statement"]:
        for action in statement["Action"]:
            held.setdefault(action, []).extend(statement["Resource"])
    return held


def own(recorded: Recorded, name: str) -> set[str]:
    """Return the actions that a function has besides those that every function has."""
    return {one for one in allowed(recorded, name) if not one.startswith(WHAT_ALL_DO)}


@pytest.mark.parametrize("name", INSIDE)
def test_what_uses_the_database_stands_inside_the_network(slides: Recorded, name: str) -> None:
    place = function(slides, name).inputs["vpcConfig"]
    assert len(place["subnetIds"]) == 2
    group = slides.one("aws:ec2/securityGroup:SecurityGroup", "catalog-functions-group")
    assert place["securityGroupIds"] == [group.state["id"]]


@pytest.mark.parametrize("name", OUTSIDE)
def test_what_calls_aws_stands_outside_the_network(slides: Recorded, name: str) -> None:
    assert "vpcConfig" not in function(slides, name).inputs


def test_functions_inside_reach_database_files_and_s3_and_nothing_else(slides: Recorded) -> None:
    group = slides.one("aws:ec2/securityGroup:SecurityGroup", "catalog-functions-group")
    ways = [
        (one.inputs.get("prefixListId") is not None, one.inputs["fromPort"])
        for one in slides.of("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule")
        if one.inputs["securityGroupId"] == group.state["id"]
    ]
    assert sorted(ways) == [(False, 2049), (False, PORT), (True, 443)]


@pytest.mark.parametrize(
    ("name", "user"), [("importer", "labsight_writer"), ("catalog", "labsight_reader")]
)
def test_each_user_of_the_database_signs_in_as_itself(
    slides: Recorded, name: str, user: str
) -> None:
    told = environment(slides, name)
    assert told["LABSIGHT_DATABASE_URL"].startswith(f"postgresql+psycopg://{user}@")
    assert told["LABSIGHT_DATABASE_AUTH"] == "iam"
    (resource,) = allowed(slides, name)["rds-db:connect"]
    assert resource.endswith(f"/{user}")
    assert "*" not in resource


def test_the_migrating_function_is_handed_its_credentials(slides: Recorded) -> None:
    assert environment(slides, "migrate")["LABSIGHT_DATABASE_AUTH"] == "password"
    # The server may ask the master for a token, once it has made roles that come with one.
    assert own(slides, "migrate") == {"rds-db:connect"}
    (resource,) = allowed(slides, "migrate")["rds-db:connect"]
    assert resource.endswith("/labsight_admin")
    assert own(slides, "database-setup") == {
        "secretsmanager:GetSecretValue",
        "lambda:InvokeFunction",
    }


def test_labels_are_shown_when_the_lab_says_so(slides: Recorded) -> None:
    assert environment(slides, "tiles")["LABSIGHT_SHOW_LABELS"] == "false"
    shown = recording({"showLabels": "true"})
    assert environment(shown, "tiles")["LABSIGHT_SHOW_LABELS"] == "true"


def test_the_tile_function_copies_nothing(slides: Recorded) -> None:
    assert function(slides, "tiles").inputs["ephemeralStorage"]["size"] == 512
    assert environment(slides, "tiles")["LABSIGHT_SCRATCH_BYTES"] == "0"


def test_the_importer_stages_slides_in_the_working_set(slides: Recorded) -> None:
    mount = function(slides, "importer").inputs["fileSystemConfig"]
    point = slides.one("aws:efs/accessPoint:AccessPoint")
    assert mount == {"arn": point.state["arn"], "localMountPath": WORKING_SET}
    assert environment(slides, "importer")["LABSIGHT_SCRATCH_FOLDER"] == WORKING_SET
    targets = {one.name for one in slides.of("aws:efs/mountTarget:MountTarget")}
    assert targets <= function(slides, "importer").depends_on


def test_the_importer_reads_scans_and_writes_only_what_it_derives(slides: Recorded) -> None:
    held = allowed(slides, "importer")
    assert held["s3:GetObject"] == [f"{ARN}/slides/*", f"{ARN}/derived/*"]
    assert held["s3:PutObject"] == [f"{ARN}/derived/*"]


SHOWN = [f"{ARN}/slides/*", f"{ARN}/derived/*", f"{ARN}/tiles/*"]
KEEPING = {"s3:GetObject", "s3:ListBucket", "s3:PutObject", "s3:AbortMultipartUpload"}


@pytest.mark.parametrize(
    ("name", "more"), [("tiles", {"lambda:InvokeFunction"}), ("slide-files", set())]
)
def test_functions_that_serve_tiles_read_and_keep_what_they_made(
    slides: Recorded, name: str, more: set[str]
) -> None:
    held = allowed(slides, name)
    assert held["s3:GetObject"] == SHOWN
    assert held["s3:PutObject"] == [f"{ARN}/tiles/*"]
    assert own(slides, name) == KEEPING | more
    assert environment(slides, name)["LABSIGHT_KEEP_TILES"] == "true"


def test_the_tile_function_hands_on_what_only_openslide_reads(slides: Recorded) -> None:
    files = function(slides, "slide-files")
    assert environment(slides, "tiles")["LABSIGHT_FILE_FUNCTION"] == files.state["name"]
    assert allowed(slides, "tiles")["lambda:InvokeFunction"] == [files.state["arn"]]
    assert "LABSIGHT_FILE_FUNCTION" not in environment(slides, "slide-files")
    assert files.inputs["timeout"] > function(slides, "tiles").inputs["timeout"]


def test_who_reads_slides_as_files_reaches_copies_and_archive_and_nothing_else(
    slides: Recorded,
) -> None:
    group = slides.one("aws:ec2/securityGroup:SecurityGroup", "file-functions-group")
    place = function(slides, "slide-files").inputs["vpcConfig"]
    assert place["securityGroupIds"] == [group.state["id"]]
    ways = [
        (one.inputs.get("prefixListId") is not None, one.inputs["fromPort"])
        for one in slides.of("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule")
        if one.inputs["securityGroupId"] == group.state["id"]
    ]
    assert sorted(ways) == [(False, 2049), (True, 443)]


def test_who_imports_a_slide_and_who_shows_it_use_the_same_copy(slides: Recorded) -> None:
    mounts = [
        function(slides, name).inputs["fileSystemConfig"] for name in ("importer", "slide-files")
    ]
    assert mounts[0] == mounts[1]
    for setting in ("LABSIGHT_SCRATCH_FOLDER", "LABSIGHT_SCRATCH_BYTES"):
        told = {environment(slides, name)[setting] for name in ("importer", "slide-files")}
        assert len(told) == 1


def test_made_tiles_go_after_a_month_and_nothing_else_does(slides: Recorded) -> None:
    lifecycle = slides.one(
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration", "archive-lifecycle"
    )
    expiring = {
        one["filter"]["prefix"]: one["expiration"]["days"]
        for one in lifecycle.inputs["rules"]
        if "expiration" in one
    }
    assert expiring == {"tiles/": 30}


def test_where_nothing_may_be_deleted_no_tile_is_kept() -> None:
    locked = recording({"profile": "regulated", "archive.objectLockDays": "30"})
    for name in ("tiles", "slide-files"):
        assert environment(locked, name)["LABSIGHT_KEEP_TILES"] == "false"
        assert "s3:PutObject" not in allowed(locked, name)


def test_files_are_handed_out_when_the_lab_says_so(slides: Recorded) -> None:
    assert environment(slides, "tiles")["LABSIGHT_DIRECT"] == "false"
    assert slides.of(CORS) == []
    direct = recording({"slides.direct": "true"})
    assert environment(direct, "tiles")["LABSIGHT_DIRECT"] == "true"
    (rule,) = direct.one(CORS).inputs["corsRules"]
    assert rule["allowedOrigins"] == ["https://d111111abcdef8.cloudfront.net"]
    assert rule["allowedMethods"] == ["GET", "HEAD"]
    assert {"ETag", "Content-Range"} <= set(rule["exposeHeaders"])
    headers = direct.one(HEADERS, "viewer-headers").inputs["securityHeadersConfig"]
    csp = headers["contentSecurityPolicy"]["contentSecurityPolicy"]
    assert f"https://{BUCKET}.s3.eu-central-1.amazonaws.com" in csp
    assert own(direct, "tiles") == own(slides, "tiles")


def test_the_session_function_reads_the_signing_key_and_nothing_else(slides: Recorded) -> None:
    secret = slides.one("aws:secretsmanager/secret:Secret", "signing-secret").state["arn"]
    assert own(slides, "session") == {"secretsmanager:GetSecretValue"}
    readers = [
        one.name
        for one in slides.of("aws:iam/rolePolicy:RolePolicy")
        if secret in str(one.inputs["policy"])
    ]
    assert readers == ["session-policy"]


def test_with_an_own_key_readers_of_the_archive_may_use_it() -> None:
    regulated = recording({"profile": "regulated"})
    key = regulated.one("aws:kms/key:Key", "data-key").state["arn"]
    for name in ("importer", "tiles"):
        assert key in allowed(regulated, name)["kms:Decrypt"]


def test_scanned_objects_reach_the_importer_through_the_queue(slides: Recorded) -> None:
    rule = slides.one("aws:cloudwatch/eventRule:EventRule")
    target = slides.one("aws:cloudwatch/eventTarget:EventTarget")
    mapping = slides.one("aws:lambda/eventSourceMapping:EventSourceMapping")
    pattern = json.loads(rule.inputs["eventPattern"])
    assert pattern["detail"] == {
        "bucket": {"name": [BUCKET]},
        "object": {"key": [{"prefix": "slides/"}]},
    }
    assert target.inputs["rule"] == rule.state["name"]
    assert mapping.inputs["eventSourceArn"] == target.inputs["arn"]
    importer = function(slides, "importer")
    assert mapping.inputs["functionName"] == importer.state["arn"]
    queue = slides.one("aws:sqs/queue:Queue", "uploads-queue")
    assert queue.inputs["visibilityTimeoutSeconds"] >= 6 * importer.inputs["timeout"]


@pytest.mark.parametrize(
    ("route", "name", "check"),
    [
        ("POST /api/session", "session", "JWT"),
        ("DELETE /api/session", "session", "JWT"),
        ("GET /api/{proxy+}", "catalog", "JWT"),
        ("HEAD /api/{proxy+}", "catalog", "JWT"),
        ("GET /healthz", "catalog", "NONE"),
    ],
)
def test_a_path_leads_to_its_function(slides: Recorded, route: str, name: str, check: str) -> None:
    (declared,) = [
        one for one in slides.of("aws:apigatewayv2/route:Route") if one.inputs["routeKey"] == route
    ]
    integration = slides.one("aws:apigatewayv2/integration:Integration", f"web-to-{name}")
    assert declared.inputs["authorizationType"] == check
    assert declared.inputs["target"] == f"integrations/{integration.state['id']}"
    uri: Any = integration.inputs["integrationUri"]
    assert function(slides, name).state["arn"] in uri


def test_tiles_are_reached_through_the_edge_alone(slides: Recorded) -> None:
    edge = slides.one("aws:cloudfront/distribution:Distribution").state["arn"]
    callers = [
        (one.inputs["principal"], one.inputs["sourceArn"])
        for one in slides.of("aws:lambda/permission:Permission")
        if one.inputs["function"] == function(slides, "tiles").state["name"]
    ]
    assert callers == [("cloudfront.amazonaws.com", edge)] * 2


@pytest.mark.parametrize("name", ["importer", "catalog"])
def test_what_uses_the_tables_changes_after_the_migration(slides: Recorded, name: str) -> None:
    assert "migration-call" in function(slides, name).depends_on


def test_the_migrations_that_trigger_the_call_travel_with_the_function(slides: Recorded) -> None:
    packed = function(slides, "migrate").inputs["code"].assets
    inside = f"labsight/{CATALOG.name}/"
    assert [path for path in packed if path.startswith(f"{inside}migrations/versions/")]
    assert f"{inside}rds-ca.pem" in packed


def test_logs_are_kept_as_long_as_the_lab_says() -> None:
    groups = recording({"operations.logDays": "90"}).of("aws:cloudwatch/logGroup:LogGroup")
    assert {one.inputs["retentionInDays"] for one in groups} == {90}
