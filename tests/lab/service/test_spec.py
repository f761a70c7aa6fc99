"""What a service is, and what cannot be one."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labsight.errors import InvalidInput
from labsight_lab.service.spec import service_name
from tests.lab.service.specs import spec


def test_the_command_watches_with_one_settings_file() -> None:
    assert spec().command == (
        *("/srv/labsight/bin/python", "-P", "-m", "labsight_lab"),
        *("sync", "--watch", "--config", "/home/ada/scanner-1.toml"),
    )


@pytest.mark.parametrize(
    ("stem", "name"),
    [
        ("scanner-1", "labsight-scanner-1"),
        ("Scanner 1", "labsight-scanner-1"),
        ("Präparate (neu)", "labsight-praparate-neu"),
        ("labsight", "labsight"),
        ("スキャナー", "labsight"),
        ("..", "labsight"),
        ("a.b_c", "labsight-a.b_c"),
    ],
)
def test_a_service_is_named_for_its_settings_file(stem: str, name: str) -> None:
    assert service_name(stem) == name


@given(st.text())
def test_every_operating_system_takes_the_name(stem: str) -> None:
    assert re.fullmatch(r"labsight(-[a-z0-9][a-z0-9._-]{0,99})?", service_name(stem))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"settings": "/data/a\nb.toml"}, r"the settings file '/data/a\nb.toml' has characters"),
        ({"working_dir": "/home/\x1b[2J"}, r"the folder '/home/\x1b[2J' has"),
        ({"settings": "/home/\udcff.toml"}, r"the settings file '/home/\udcff.toml' has"),
        ({"settings": "/home/\uffff.toml"}, "the settings file"),
        ({"user": ""}, "the service's user is empty"),
        ({"executable": ("/py\0",)}, r"the program '/py\x00' has"),
        ({"environment": {"A": "x\ny"}}, r"the variable A 'x\ny' has"),
        ({"environment": {"A B": "x"}}, "'A B' cannot be the name of a variable"),
        ({"environment": {"A\n": "x"}}, r"'A\\n' cannot be the name of a variable"),
    ],
)
def test_what_no_service_file_can_hold_is_refused(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        spec(**changes)
    assert told in refused.value.message
    assert refused.value.message.isprintable()
