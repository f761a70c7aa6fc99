"""The shape of what the program declares; resources.txt lists it, one resource a line."""

import re
import typing
from pathlib import Path
from typing import Any

import pulumi_aws
import pytest

from components.naming import AUTO_NAME_EXTRA, NAME_RULES
from stacks.config import ConfigError
from tests.support.labsight_program import labsight
from tests.support.pulumi_recorder import Declare, Recorded

GOLDEN = Path(__file__).with_name("resources.txt")


def listing(recorded: Recorded) -> list[str]:
    return sorted(f"{one.parent or '-'} > {one.name} ({one.type})" for one in recorded)


def test_the_program_declares_these_resources(declare: Declare, recorded: Recorded) -> None:
    declare(labsight())
    assert listing(recorded) == GOLDEN.read_text(encoding="utf-8").splitlines()


def test_an_archive_tier_adds_one_resource(declare: Declare, recorded: Recorded) -> None:
    declare(labsight())
    without = set(listing(recorded))
    declare(labsight(archiveAfterDays="180"))
    assert len(set(listing(recorded)) - without) == 1
    assert recorded.one(
        "aws:s3/bucketIntelligentTieringConfiguration:BucketIntelligentTieringConfiguration"
    )


def test_only_components_hang_off_the_stack(declare: Declare, recorded: Recorded) -> None:
    declare(labsight())
    assert [
        one.type for one in recorded if not one.parent and not one.type.startswith("labsight:")
    ] == []


def test_a_child_is_named_after_its_parent(declare: Declare, recorded: Recorded) -> None:
    declare(labsight())
    assert [one.name for one in recorded if not one.name.startswith(one.parent)] == []


def test_names_of_a_type_are_unique(declare: Declare, recorded: Recorded) -> None:
    declare(labsight())
    names = [(one.type, one.name) for one in recorded]
    assert len(names) == len(set(names))


def test_no_resource_is_made_inside_an_apply(declare: Declare, recorded: Recorded) -> None:
    declare(labsight(archiveAfterDays="180"))
    deployed = listing(recorded)
    declare(labsight(archiveAfterDays="180"), known=False)
    assert listing(recorded) == deployed


def test_auto_names_fit_what_aws_takes(declare: Declare, recorded: Recorded) -> None:
    declare(labsight())
    long = [
        one.name
        for one in recorded
        if one.type in NAME_RULES and "name" not in one.inputs
        if len(one.name) + AUTO_NAME_EXTRA > NAME_RULES[one.type].longest
        or not NAME_RULES[one.type].allowed.fullmatch(one.name)
    ]
    assert long == []


def test_exports_say_how_to_upload_and_where_to_look(declare: Declare) -> None:
    assert declare(labsight()) == {
        "archive_bucket": "archive-bucket-1a2b3c4",
        "api_url": "https://web-api-1a2b3c4.execute-api.eu-central-1.amazonaws.com",
        "upload_command": "labsight sync DIR --bucket archive-bucket-1a2b3c4 --source scanner-1",
    }


def test_a_bad_setting_is_refused_before_anything_is_declared(
    declare: Declare, recorded: Recorded
) -> None:
    with pytest.raises(ConfigError, match="labsight:logRetentionDays is '91'"):
        declare(labsight(logRetentionDays="91"))
    assert recorded == []


def test_each_plain_input_has_the_type_that_aws_takes(declare: Declare, recorded: Recorded) -> None:
    declare(labsight(archiveAfterDays="180"))
    checked = [
        (one.type, one.name, key, value, wanted)
        for one in recorded
        if one.type.startswith("aws:")
        for key, value in one.inputs.items()
        for wanted in [declared_type(one.type, key)]
        if wanted in {str, int, float, bool}
    ]
    assert len(checked) > 100
    assert [row for row in checked if not is_a(row[3], row[4])] == []


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
