import os
import re
import threading
import time
from pathlib import Path
from typing import Any

import pulumi
import pytest

from components import packages, wheels
from components.code import ROOT
from components.function import Function, FunctionArgs
from components.packages import Packages, PackagesArgs, built
from tests.support import wheelhouse
from tests.support.functions import platform
from tests.support.pulumi_recorder import Declare, Recorded

LAYER = "aws:lambda/layerVersion:LayerVersion"
LONG_AGO = time.time() - 40 * 86_400


@pytest.fixture(autouse=True)
def _quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Outside a program nobody takes what Pulumi would show."""
    monkeypatch.setattr(pulumi.log, "info", lambda _message: None)


@pytest.fixture
def house(tmp_path: Path) -> Path:
    return wheelhouse.house(tmp_path / "house")


def args(house: Path, cache: Path, **changes: Any) -> PackagesArgs:
    least = {"source": str(house), "requirements": house / "requirements.txt", "cache": cache}
    return PackagesArgs(**{**least, **changes})


def never(*_: Any) -> None:
    raise AssertionError("installed again")


def test_two_builds_give_the_same_bytes(house: Path, tmp_path: Path) -> None:
    first = built(args(house, tmp_path / "one"))
    second = built(args(house, tmp_path / "two"))
    assert first.read_bytes() == second.read_bytes()
    assert first.name == second.name


def test_a_layer_is_built_once(
    house: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = args(house, tmp_path / "cache")
    first = built(wanted)
    monkeypatch.setattr(wheels, "install", never)
    assert built(wanted) == first


def test_other_pins_make_another_layer(house: Path, tmp_path: Path) -> None:
    first = built(args(house, tmp_path / "cache"))
    pins = wheelhouse.pin(house / "other.txt", house / "plain-1.0-py3-none-any.whl")
    assert built(args(house, tmp_path / "cache", requirements=pins)) != first


def test_a_build_that_fails_leaves_nothing_behind(house: Path, tmp_path: Path) -> None:
    wheelhouse.wheel(house, "plain", files={"plain/__init__.py": b"changed\n"})
    with pytest.raises(wheels.NoPackages, match="by its hash"):
        built(args(house, tmp_path / "cache"))
    assert list((tmp_path / "cache").iterdir()) == []


def test_what_a_killed_deployment_left_does_no_harm_and_goes_after_a_day(
    house: Path, tmp_path: Path
) -> None:
    cache = tmp_path / "cache"
    for name in ("building-old", "building-running"):
        (cache / name / "installed").mkdir(parents=True)
    os.utime(cache / "building-old", (LONG_AGO, LONG_AGO))
    layer = built(args(house, cache))
    assert sorted(cache.iterdir()) == sorted([layer, cache / "building-running"])


def test_a_layer_cut_short_is_built_again(house: Path, tmp_path: Path) -> None:
    layer = built(args(house, tmp_path / "cache"))
    whole = layer.read_bytes()
    layer.write_bytes(whole[: len(whole) // 2])
    assert built(args(house, tmp_path / "cache")).read_bytes() == whole


def test_layers_that_nobody_used_for_a_month_go(house: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    (cache / "old.zip").write_bytes(b"")
    os.utime(cache / "old.zip", (LONG_AGO, LONG_AGO))
    layer = built(args(house, cache))
    assert list(cache.iterdir()) == [layer]


def test_two_deployments_at_once_get_the_same_whole_layer(house: Path, tmp_path: Path) -> None:
    layers: list[Path] = []
    wanted = args(house, tmp_path / "cache")
    deployments = [threading.Thread(target=lambda: layers.append(built(wanted))) for _ in range(2)]
    for one in deployments:
        one.start()
    for one in deployments:
        one.join()
    assert layers[0] == layers[1]
    assert list((tmp_path / "cache").iterdir()) == [layers[0]]


@pytest.mark.parametrize("source", ["", "nowhere/wheels", "PyPI"])
def test_a_source_that_is_neither_known_nor_a_folder_is_refused(source: str) -> None:
    with pytest.raises(ValueError, match=rf"functions\.packages: .* got '{source}'"):
        PackagesArgs(source=source)


def test_functions_get_one_layer_for_their_processor_and_python(
    declare: Declare, recorded: Recorded, house: Path, tmp_path: Path
) -> None:
    def program() -> None:
        shared = platform(packages=Packages("packages", args(house, tmp_path / "cache")))
        for name in ("tiles", "catalog"):
            Function(
                name,
                FunctionArgs(
                    code=name, environment={}, timeout_seconds=9, memory_mb=256, platform=shared
                ),
            )

    declare(program)
    layer = recorded.one(LAYER, "packages-layer")
    assert layer.inputs["layerName"] == "labsight-test-packages"
    assert layer.inputs["compatibleArchitectures"] == ["arm64"]
    assert layer.inputs["compatibleRuntimes"] == ["python3.13"]
    layers = [one.inputs["layers"] for one in recorded.of("aws:lambda/function:Function")]
    assert layers == [[layer.state["arn"]]] * 2


def test_without_packages_there_is_no_layer(declare: Declare, recorded: Recorded) -> None:
    declare(lambda: platform().packages.layer_arn)
    assert not recorded.of(LAYER)


def test_a_function_too_big_beside_its_layer_is_refused(
    declare: Declare, house: Path, tmp_path: Path
) -> None:
    def program() -> None:
        Packages("packages", args(house, tmp_path / "cache")).check_room("tiles", 250 * 1024**2)

    with pytest.raises(wheels.NoPackages, match=r"function 'tiles' takes 250\.0 MB"):
        declare(program)


def pins(name: str) -> dict[str, set[str]]:
    """Return the versions pinned for each package; several where markers choose."""
    found: dict[str, set[str]] = {}
    for package, version in re.findall(r"(?m)^([a-z0-9.-]+)==(\S+)", (ROOT / name).read_text()):
        found.setdefault(package, set()).add(version)
    return found


def test_functions_run_the_versions_that_everything_is_tested_with() -> None:
    ours, tested = pins(packages.REQUIREMENTS.name), pins("requirements.txt")
    assert len(ours) > 20
    assert {name: found - tested.get(name, set()) for name, found in ours.items()} == {
        name: set() for name in ours
    }


def test_what_functions_are_declared_to_need_is_pinned_for_their_platform_alone() -> None:
    text = packages.REQUIREMENTS.read_text()
    assert ";" not in text  # markers would be judged by the machine that deploys
    for needed in ("boto3", "cryptography", "mangum", "psycopg-binary", "sqlalchemy"):
        assert needed in pins(packages.REQUIREMENTS.name)
