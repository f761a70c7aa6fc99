from pathlib import Path

import pytest

from labsight.errors import SettingsError
from local.configuration import load_stack


@pytest.fixture
def program(tmp_path: Path) -> Path:
    (tmp_path / "Pulumi.yaml").write_text(
        "name: p\nruntime: python\nconfig:\n  a: {default: from the project}\n  n: {default: 7}\n"
    )
    (tmp_path / "Pulumi.dev.yaml").write_text(
        "config:\n  p:a: from the stack\n  p:on: true\n  aws:defaultTags: {tags: {x: y}}\n"
    )
    return tmp_path


def test_the_stack_goes_before_the_project_and_overrides_before_both(program: Path) -> None:
    stack = load_stack(program, "dev", {"n": "8"})
    assert stack.config == {
        "p:a": "from the stack",
        "p:n": "8",
        "p:on": "true",
        "aws:defaultTags": '{"tags": {"x": "y"}}',
    }


def test_each_override_tells_what_it_replaces(program: Path) -> None:
    stack = load_stack(program, "dev", {"n": "8", "new": "1"})
    assert stack.overrides == ("p:n = 8 (instead of 7)", "p:new = 1")


def test_the_region_is_the_stacks(program: Path) -> None:
    (program / "Pulumi.eu.yaml").write_text("config:\n  aws:region: eu-west-3\n")
    assert load_stack(program, "eu", {}).region == "eu-west-3"
    assert load_stack(program, "dev", {}).region == "us-east-1"


def test_an_unknown_stack_names_those_that_exist(program: Path) -> None:
    with pytest.raises(SettingsError, match=r"Pulumi\.prod\.yaml; stacks with a file: dev"):
        load_stack(program, "prod", {})


def test_a_folder_without_a_program_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="is this folder a Pulumi program"):
        load_stack(tmp_path, "dev", {})


def test_an_encrypted_setting_is_named_unless_it_is_replaced(program: Path) -> None:
    (program / "Pulumi.dev.yaml").write_text("config:\n  p:password: {secure: v1:abc}\n")
    with pytest.raises(SettingsError, match="p:password is encrypted"):
        load_stack(program, "dev", {})
    assert load_stack(program, "dev", {"password": "x"}).config["p:password"] == "x"


@pytest.mark.parametrize("content", ["- a list", "a: [", "runtime: python"])
def test_a_project_file_that_is_none_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "Pulumi.yaml").write_text(content)
    with pytest.raises(SettingsError, match=r"Pulumi\.yaml"):
        load_stack(tmp_path, "dev", {})
