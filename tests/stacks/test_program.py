"""The shape of what the program declares; golden/ lists it, one resource a line."""

import os
import re
import typing
from pathlib import Path
from typing import Any

import pulumi_aws
import pytest
from pulumi.runtime import rpc

from components.naming import AUTO_NAME_EXTRA, NAME_RULES
from stacks.config import ConfigError
from tests.support.labsight_program import EVERYTHING, labsight, recording
from tests.support.pulumi_recorder import Declare, Recorded

GOLDEN = Path(__file__).with_name("golden")
# UPDATE_GOLDEN=1 writes the lists anew; what changed is then to be read in the diff.
UPDATE = bool(os.environ.get("UPDATE_GOLDEN"))
LISTS = {
    "lab-nothing": {"features": "[]"},
    "lab-slides": {"features": '["slides"]'},
    **{
        f"{profile}-everything": {"profile": profile, "features": EVERYTHING}
        for profile in ("demo", "lab", "regulated")
    },
}
HASHED = re.compile(r"(?<=-)[A-Za-z0-9_-]{8}(?=\.(js|css|svg|png)\b)")  # by the web app's build


def listing(recorded: Recorded) -> list[str]:
    return sorted(
        HASHED.sub("HASH", f"{one.parent or '-'} > {one.name} ({one.type})") for one in recorded
    )


@pytest.mark.parametrize("name", LISTS)
def test_the_program_declares_these_resources(name: str) -> None:
    found, file = listing(recording(LISTS[name])), GOLDEN / f"{name}.txt"
    if UPDATE:
        file.write_text("".join(f"{line}\n" for line in found), encoding="utf-8")
    assert found == file.read_text(encoding="utf-8").splitlines()


def test_nothing_but_what_a_feature_needs_is_declared() -> None:
    nothing, slides, everything = (
        set(listing(recording(LISTS[name])))
        for name in ("lab-nothing", "lab-slides", "lab-everything")
    )
    assert nothing < slides < everything


def test_only_components_hang_off_the_stack() -> None:
    recorded = recording({"features": EVERYTHING})
    assert [
        one.type for one in recorded if not one.parent and not one.type.startswith("labsight:")
    ] == []


def test_names_of_a_type_are_unique() -> None:
    names = [(one.type, one.name) for one in recording({"features": EVERYTHING})]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("profile", ["demo", "lab", "regulated"])
def test_no_resource_is_made_inside_an_apply(
    profile: str, declare: Declare, recorded: Recorded
) -> None:
    settings = {"profile": profile, "features": EVERYTHING}
    deployed = listing(recording(settings))
    declare(labsight(settings), known=False)
    assert listing(recorded) == deployed


def test_auto_names_fit_what_aws_takes() -> None:
    long = [
        one.name
        for one in recording({"features": EVERYTHING})
        if one.type in NAME_RULES and "name" not in one.inputs
        if len(one.name) + AUTO_NAME_EXTRA > NAME_RULES[one.type].longest
        or not NAME_RULES[one.type].allowed.fullmatch(one.name)
    ]
    assert long == []


def test_a_bad_setting_is_refused_before_anything_is_declared(
    declare: Declare, recorded: Recorded
) -> None:
    with pytest.raises(ConfigError, match=r"labsight:operations\.logDays is '91'"):
        declare(labsight({"operations.logDays": "91"}))
    assert recorded == []


def test_each_plain_input_has_the_type_that_aws_takes() -> None:
    checked = [
        (one.type, one.name, key, value, wanted)
        for one in recording({"profile": "regulated", "features": EVERYTHING})
        if one.type.startswith("aws:")
        for key, value in one.inputs.items()
        for wanted in [declared_type(one.type, key)]
        if wanted in {str, int, float, bool} and not rpc.is_rpc_secret(value)
    ]
    assert len(checked) > 100
    assert [row for row in checked if not is_a(row[3], row[4])] == []


EXPORTS = {
    "archive_bucket": r"archive-bucket-1a2b3c4",
    "upload_command": r"labsight sync DIR --bucket archive-bucket-1a2b3c4 --source scanner-1",
    "uploader_policy": r"\{\n  \"Version\": \"2012-10-17\",\n[^\0]+\n\}",
    "uploader_policy_arn": r"arn:aws:iam:\S+uploader-policy\S+",
    "uploader_role_arn": r"arn:aws:iam:\S+uploader-role\S+",
    "verifier_policy_arn": r"arn:aws:iam:\S+verifier-policy\S+",
    "verifier_role_arn": r"arn:aws:iam:\S+verifier-role\S+",
    "registrar_policy_arn": r"arn:aws:iam:\S+registrar-policy\S+",
    "registrar_role_arn": r"arn:aws:iam:\S+registrar-role\S+",
    "import_queue_url": r"https://sqs\.\S+/uploads-queue\S+",
    "viewer_url": r"https://[a-z0-9.-]+",
    "api_url": r"https://[a-z0-9.-]+/api",
    "user_pool_id": r"people-pool\S+",
    "invite_command": r"EMAIL=\S+; aws cognito-idp admin-create-user .+",
    "desktop_command": r"labsight desktop connect --stack test --region eu-central-1",
    "share_path": r"\\\\\S+\\slides",
    "work_path": r"\\\\\S+\\work",
}


def test_exports_are_values_to_paste(declare: Declare) -> None:
    exports = declare(labsight({"features": EVERYTHING}))
    kept = exports.pop("kept_on_destroy")
    assert exports.keys() == EXPORTS.keys()
    for name, pattern in EXPORTS.items():
        assert re.fullmatch(pattern, exports[name]), name
    assert kept.keys() == {
        "archive",
        "archive_log",
        "backup_vault",
        "database_snapshot",
        "user_pool",
    }


def test_nothing_is_kept_of_a_demo_or_before_a_teardown(declare: Declare) -> None:
    for settings in ({"profile": "demo"}, {"teardown": "true"}):
        assert declare(labsight(settings))["kept_on_destroy"] == {}
        kept = [one.name for one in recording(settings) if one.retained]
        assert kept == []


def test_what_is_kept_is_retained_with_all_that_guards_it() -> None:
    kept = {one.type for one in recording({"features": EVERYTHING}) if one.retained}
    assert {"aws:s3/bucket:Bucket", "aws:s3/bucketPolicy:BucketPolicy"} <= kept
    assert "aws:cognito/userPool:UserPool" in kept
    assert "aws:kms/key:Key" not in kept
    regulated = {one.name for one in recording({"profile": "regulated"}) if one.retained}
    assert "data-key" in regulated


def declared_type(type_: str, key: str) -> object:
    """Return the plain type behind ``Output[Optional[int]]`` of a resource's property."""
    _, module, name = type_.split(":")
    service = module.partition("/")[0]
    package = getattr(pulumi_aws, "lambda_" if service == "lambda" else service)
    attribute = re.sub("[A-Z]", lambda letter: f"_{letter[0].lower()}", key)
    output = typing.get_type_hints(getattr(getattr(package, name), attribute).fget)["return"]
    (inner,) = typing.get_args(output)
    if type(None) not in typing.get_args(inner):
        return inner
    plain = [one for one in typing.get_args(inner) if one is not type(None)]
    return plain[0] if len(plain) == 1 else inner


def is_a(value: Any, wanted: object) -> bool:
    """Numbers arrive as floats; a whole one will do for an integer, a truth value for neither."""
    if wanted is bool:
        return isinstance(value, bool)
    if wanted is str:
        return isinstance(value, str)
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and (wanted is float or float(value).is_integer())
