"""What local mode learns from running a program, and what it says when that fails."""

import json

import pytest
from botocore.exceptions import ClientError

from local import declared
from local.declared import Deployment
from local.deploy import deploy
from local.errors import ProgramFailed, UnknownDeclaration
from local.making import Site
from local.moto_server import Cloud
from local.resources import LOOK_UPS, MAKERS, RECORDED, look_up, make

from .conftest import ADDRESS, tiny


def test_everything_that_was_declared_is_remembered(deployment: Deployment) -> None:
    counted = {r.type: len(list(deployment.of(r.type))) for r in deployment.resources}
    assert counted[declared.FUNCTION] == 3
    assert counted[declared.ROUTE] == 5
    assert counted[declared.QUEUE] == 2
    assert "aws:iam/role:Role" in counted


def test_exports_are_what_the_program_says_with_secrets_opened(deployment: Deployment) -> None:
    assert deployment.exports == {
        "archive_bucket": "archive-local",
        "api_url": ADDRESS,
        "database": "postgresql+psycopg://nobody@nowhere:5432/none",
        "plain": "a default that nobody replaced",
        "secret": "told",
    }


def test_a_secret_variable_is_opened_with_its_whole_environment(deployment: Deployment) -> None:
    [importer] = [f for f in deployment.of(declared.FUNCTION) if f.name == "importer"]
    assert importer.inputs["environment"] == {
        "variables": {"ARCHIVE": "archive-local", "SECRET": "s"}
    }


def test_numbers_come_back_whole(deployment: Deployment) -> None:
    [mapping] = deployment.of(declared.MAPPING)
    assert repr(mapping.inputs["batchSize"]) == "3"


def test_conditional_denials_are_left_out_and_said_to_be(deployment: Deployment) -> None:
    assert deployment.notes == (
        "bucket policy policy: denial 'TlsOnly' has a condition and is not enforced here",
    )


def test_an_unconditional_denial_is_kept(cloud: Cloud) -> None:
    deploy(tiny(), Site(cloud, ADDRESS))
    cloud.s3.put_object(Bucket="archive-local", Key="slides/a.svs", Body=b"a")
    with pytest.raises(ClientError, match="403"):
        cloud.s3.delete_object(Bucket="archive-local", Key="slides/a.svs")


def test_a_new_object_reaches_the_queue_that_the_rule_feeds_once(cloud: Cloud) -> None:
    deployment = deploy(tiny(), Site(cloud, ADDRESS))
    [queue] = [q for q in deployment.of(declared.QUEUE) if q.name == "uploads"]
    for key in ("slides/a b.svs", "derived/a.jpg"):
        cloud.s3.put_object(Bucket="archive-local", Key=key, Body=b"a")
    received = cloud.sqs.receive_message(QueueUrl=queue.outputs["url"], MaxNumberOfMessages=10)
    [event] = [json.loads(message["Body"]) for message in received["Messages"]]
    assert event["detail-type"] == "Object Created"
    assert event["detail"]["object"]["key"] == "slides/a b.svs"


def test_a_program_can_be_deployed_again_in_the_same_process(cloud: Cloud) -> None:
    with pytest.raises(ProgramFailed):
        deploy(tiny("raises"), Site(cloud, ADDRESS))
    assert deploy(tiny(), Site(cloud, ADDRESS)).exports["archive_bucket"] == "archive-local"


def test_what_the_program_raises_is_told_with_its_line(cloud: Cloud) -> None:
    with pytest.raises(
        ProgramFailed, match=r"tiny/__main__\.py: ValueError: the program changed its mind"
    ) as failed:
        deploy(tiny("raises"), Site(cloud, ADDRESS))
    assert "(__main__.py, line " in failed.value.message


def test_what_the_program_says_on_purpose_is_told_as_it_stands(cloud: Cloud) -> None:
    with pytest.raises(ProgramFailed) as failed:
        deploy(tiny("refuses"), Site(cloud, ADDRESS))
    assert failed.value.message == "tiny:tries has to be set"


def test_a_type_that_is_in_no_table_is_named(cloud: Cloud) -> None:
    with pytest.raises(UnknownDeclaration, match=r"aws:iam/group:Group 'people': local mode does"):
        deploy(tiny("unknown type"), Site(cloud, ADDRESS))


def test_a_type_is_made_or_recorded_and_not_both() -> None:
    assert not MAKERS.keys() & RECORDED.keys()


@pytest.fixture
def site(cloud: Cloud) -> Site:
    return Site(cloud, ADDRESS)


def test_an_unknown_data_source_is_named(site: Site) -> None:
    with pytest.raises(UnknownDeclaration, match="aws:ec2/getAmi:getAmi"):
        look_up(site, "aws:ec2/getAmi:getAmi", {})


@pytest.mark.parametrize("token", LOOK_UPS)
def test_a_known_data_source_is_answered_with_an_id(site: Site, token: str) -> None:
    assert look_up(site, token, {})["id"]


@pytest.mark.parametrize(
    ("kind", "inputs", "message"),
    [
        (declared.QUEUE, {"fifoQueue": True}, "standard queues only"),
        (declared.RULE, {"scheduleExpression": "rate(1 day)"}, "not schedules"),
        (declared.TARGET, {"inputPath": "$.detail"}, "inputPath would be ignored"),
        (
            declared.NOTIFICATION,
            {"bucket": "b", "queues": [{}]},
            "only, not through queues",
        ),
    ],
)
def test_what_would_not_run_as_declared_is_refused(
    site: Site, kind: str, inputs: dict[str, object], message: str
) -> None:
    with pytest.raises(UnknownDeclaration, match=message):
        make(site, kind, "thing", inputs)


def test_an_error_of_the_embedded_aws_names_the_resource(cloud: Cloud) -> None:
    deploy(tiny(), Site(cloud, ADDRESS))
    with pytest.raises(ProgramFailed, match=r"Bucket 'Archive': BucketAlready"):
        deploy(tiny(), Site(cloud, ADDRESS))


def test_a_bucket_of_the_first_region_needs_no_constraint(cloud: Cloud) -> None:
    made, _ = make(Site(Cloud(cloud.endpoint, "us-east-1"), ADDRESS), declared.BUCKET, "b", {})
    assert cloud.s3.get_bucket_location(Bucket=made)["LocationConstraint"] is None
