"""Who of the lab may do what, as the whole program declares it."""

import json
import re
from typing import Any

import pytest

from components.naming import AUTO_NAME_EXTRA, NAME_RULES
from labsight.keys import SlideKey
from stacks.config import ConfigError, parse
from stacks.keys import LONGEST_SOURCE
from stacks.settings import SyncSettings
from tests.support.authorities import certificate, private_key
from tests.support.labsight_program import labsight, recording
from tests.support.pulumi_recorder import Declare, Recorded

POLICY, ROLE = "aws:iam/policy:Policy", "aws:iam/role:Role"
ANCHOR, PROFILE = "aws:rolesanywhere/trustAnchor:TrustAnchor", "aws:rolesanywhere/profile:Profile"
ARCHIVE = "arn:aws:s3:::archive-bucket-1a2b3c4"
SOURCES = {"sync.sources": '["scanner-1", "scanner-2"]'}
CERTIFICATES = {**SOURCES, "sync.certificateAuthority": certificate()}


def statements(recorded: Recorded, role: str) -> list[dict[str, Any]]:
    policy = recorded.one(POLICY, f"{role}-policy").inputs["policy"]
    return list(json.loads(policy)["Statement"])


def resources(recorded: Recorded, role: str, action: str) -> list[str]:
    return [
        one
        for statement in statements(recorded, role)
        if action in statement["Action"]
        for one in statement["Resource"]
    ]


def trusted(recorded: Recorded, role: str) -> list[dict[str, Any]]:
    inputs = recorded.one(ROLE, f"{role}-role").inputs
    return list(json.loads(inputs["assumeRolePolicy"])["Statement"])


def refusal(**values: str) -> str:
    with pytest.raises(ConfigError) as caught:
        parse({key.replace("_", "."): text for key, text in values.items()})
    return str(caught.value)


def test_without_names_one_role_adds_slides_of_every_source() -> None:
    recorded = recording()
    assert resources(recorded, "uploader", "s3:PutObject") == [f"{ARCHIVE}/slides/*"]
    assert recorded.of(ANCHOR) == []


def test_each_named_source_adds_below_its_own_prefix_and_no_role_below_all() -> None:
    recorded = recording(SOURCES)
    sending = {
        one.name: resources(recorded, one.name.removesuffix("-policy"), "s3:PutObject")
        for one in recorded.of(POLICY)
        if one.name.startswith("uploader")
    }
    assert sending == {
        "uploader-scanner-1-policy": [f"{ARCHIVE}/slides/scanner-1/*"],
        "uploader-scanner-2-policy": [f"{ARCHIVE}/slides/scanner-2/*"],
    }


def test_a_source_whose_name_starts_another_s_does_not_reach_below_it() -> None:
    recorded = recording({"sync.sources": '["scanner", "scanner-1"]'})
    (prefix,) = resources(recorded, "uploader-scanner", "s3:PutObject")
    assert not f"{ARCHIVE}/slides/scanner-1/a.svs".startswith(prefix.rstrip("*"))


def test_a_certificate_opens_the_role_of_its_own_name_and_no_reading_one() -> None:
    recorded = recording(CERTIFICATES)
    anchor = recorded.one(ANCHOR).state["arn"]
    for source in ("scanner-1", "scanner-2"):
        _, by_certificate = trusted(recorded, f"uploader-{source}")
        assert by_certificate["Condition"] == {
            "ArnEquals": {"aws:SourceArn": anchor},
            "StringEquals": {"aws:PrincipalTag/x509Subject/CN": source},
        }
        profile = recorded.one(PROFILE, f"uploader-{source}-profile").inputs
        role = recorded.one(ROLE, f"uploader-{source}-role")
        assert profile["roleArns"] == [role.state["arn"]]
    for reader in ("verifier", "registrar"):
        assert len(trusted(recorded, reader)) == 1


def test_who_registers_uses_the_queue_of_the_import() -> None:
    recorded = recording()
    uploads = recorded.one("aws:sqs/queue:Queue", "uploads-queue").state["arn"]
    assert resources(recorded, "registrar", "sqs:SendMessage") == [uploads]


def test_without_the_feature_slides_there_is_nothing_to_register_with(declare: Declare) -> None:
    exports = declare(labsight({"features": "[]"}))
    assert {"uploader_policy", "verifier_role_arn"} <= exports.keys()
    assert not [name for name in exports if name.startswith(("registrar", "import"))]


@pytest.mark.parametrize("role", ["uploader", "registrar", "verifier"])
def test_an_own_key_of_the_archive_may_be_used_by_the_lab(role: str) -> None:
    regulated = recording({"profile": "regulated"})
    key = regulated.one("aws:kms/key:Key", "data-key").state["arn"]
    assert resources(regulated, role, "kms:Decrypt") == [key]
    assert resources(recording(), role, "kms:Decrypt") == []


def test_named_sources_are_told_one_by_one(declare: Declare) -> None:
    exports = declare(labsight(CERTIFICATES))
    assert not [name for name in exports if name.startswith("uploader_")]
    assert exports["uploaders"].keys() == {"scanner-1", "scanner-2"}
    told = exports["uploaders"]["scanner-2"]
    assert told.keys() == {"policy", "policy_arn", "role_arn", "credential_process"}
    assert "slides/scanner-2/*" in told["policy"]
    assert told["role_arn"] in told["credential_process"]
    assert exports["upload_command"].endswith("--source scanner-1")


def test_without_certificates_no_line_for_them_is_told(declare: Declare) -> None:
    told = declare(labsight(SOURCES))["uploaders"]["scanner-1"]
    assert told.keys() == {"policy", "policy_arn", "role_arn"}


def test_sources_are_read_as_names_of_scanners() -> None:
    assert parse(SOURCES).sync == SyncSettings(sources=("scanner-1", "scanner-2"))
    assert parse({"sync.sources": "[]"}).sync == SyncSettings()


@pytest.mark.parametrize("name", ["Scanner", "a/b", "-a", "a_b", "*", "a" * (LONGEST_SOURCE + 1)])
def test_a_name_that_is_no_source_is_refused(name: str) -> None:
    message = refusal(sync_sources=json.dumps([name]))
    assert f"{name!r} is none; a name has to look like scanner-1" in message


@pytest.mark.parametrize("name", ["a", "0", "a" * LONGEST_SOURCE, "a-"])
def test_a_name_that_is_taken_fits_keys_and_roles(name: str) -> None:
    settings = {"sync.sources": json.dumps([name])}
    assert parse(settings).sync.sources == (name,)
    assert SlideKey(name, "a.svs").source == name
    for one in recording(settings):
        rule = NAME_RULES.get(one.type)
        if rule and one.name.startswith("uploader-"):
            assert len(one.name) + AUTO_NAME_EXTRA <= rule.longest
            assert re.fullmatch(rule.allowed, one.name)


def test_certificates_without_named_sources_are_refused() -> None:
    assert "labsight:sync.certificateAuthority is set without sync.sources" in refusal(
        sync_certificateAuthority=certificate()
    )


def test_a_private_key_is_refused_and_never_repeated() -> None:
    secret = private_key()
    message = refusal(sync_sources="scanner-1", sync_certificateAuthority=secret)
    assert "labsight:sync.certificateAuthority: there is a private key in it" in message
    assert secret.splitlines()[1] not in message


def test_silence_is_an_alarm_when_the_lab_says_after_how_long() -> None:
    alarm = "aws:cloudwatch/metricAlarm:MetricAlarm"
    silent = recording({"operations.silentHours": "72"}).one(alarm, "alarm-nothing-sent").inputs
    queue = recording().one("aws:sqs/queue:Queue", "uploads-queue").state["name"]
    assert silent["dimensions"] == {"QueueName": queue}
    assert silent["evaluationPeriods"] == 72
    assert not [one for one in recording().of(alarm) if one.name == "alarm-nothing-sent"]


def test_silence_cannot_be_heard_for_longer_than_a_week_or_without_import() -> None:
    assert "use 0 to 168 hours, 0 for no such alarm" in refusal(operations_silentHours="169")
    assert "labsight:operations.silentHours is 72 without the feature slides" in refusal(
        operations_silentHours="72", features="[]"
    )
