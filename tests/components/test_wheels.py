import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest

from components import wheels
from components.wheels import NoPackages, explain, install
from tests.support import wheelhouse

PINS = Path("requirements-functions.txt")


@pytest.fixture
def house(tmp_path: Path) -> Path:
    return wheelhouse.house(tmp_path / "house")


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "installed"


def without_pip(monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.util.find_spec

    def find(name: str, *others: Any) -> Any:
        return None if name == "pip" else real(name, *others)

    monkeypatch.setattr(importlib.util, "find_spec", find)


def test_wheels_for_lambda_are_unpacked_on_any_machine(house: Path, target: Path) -> None:
    install(house / "requirements.txt", str(house), target)
    assert (target / "plain" / "__init__.py").read_text() == "VALUE = 1\n"
    assert (target / "fast.cpython-313-aarch64-linux-gnu.so").is_file()
    assert not list(target.rglob("*.pyc"))


def test_uv_does_it_where_the_environment_has_no_pip(
    house: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_pip(monkeypatch)
    install(house / "requirements.txt", str(house), target)
    assert (target / "fast.cpython-313-aarch64-linux-gnu.so").is_file()


def test_with_neither_it_says_how_to_get_one(
    house: Path, target: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    without_pip(monkeypatch)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "bin" / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NoPackages, match=r"no pip and there is no uv.* `python -m ensurepip`"):
        install(house / "requirements.txt", str(house), target)


def test_a_users_settings_of_pip_do_not_move_the_packages_elsewhere(
    house: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_USER", "1")
    install(house / "requirements.txt", str(house), target)
    assert (target / "plain").is_dir()


@pytest.mark.parametrize("installer", ["pip", "uv"])
def test_a_wheel_other_than_the_pinned_one_is_refused(
    house: Path, target: Path, installer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if installer == "uv":
        without_pip(monkeypatch)
    wheelhouse.wheel(house, "plain", files={"plain/__init__.py": b"VALUE = 2\n"})
    with pytest.raises(NoPackages, match=r"not the one that requirements\.txt pins by its hash"):
        install(house / "requirements.txt", str(house), target)


@pytest.mark.parametrize("installer", ["pip", "uv"])
def test_a_folder_that_lacks_a_wheel_for_arm64_is_refused_with_the_command_that_fills_it(
    tmp_path: Path, target: Path, installer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if installer == "uv":
        without_pip(monkeypatch)
    intel = wheelhouse.wheel(tmp_path, "fast", wheelhouse.X86)
    pins = wheelhouse.pin(tmp_path / "pins.txt", intel)
    with pytest.raises(NoPackages, match=r"lacks a wheel for arm64 .*`python -m pip download"):
        install(pins, str(tmp_path), target)


@pytest.mark.parametrize(
    ("said", "advice"),
    [
        (
            "WARNING: NewConnectionError: Name not known\nERROR: No matching distribution",
            "PyPI, where the functions' packages come from, cannot be reached; check the network",
        ),
        ("error: Failed to fetch: `https://pypi.org/simple/rich/`", "cannot be reached"),
        ("SSLError(SSLCertVerificationError: certificate verify failed)", "PIP_CERT"),
        (
            "ERROR: Could not find a version that satisfies the requirement numpy==9",
            "requirements-functions.txt has no wheel for arm64 and Python 3.13",
        ),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES", "pin anew with `make lock`"),
        ("ERROR: [Errno 28] No space left on device", "could not be installed"),
        ("", "it said nothing"),
    ],
)
def test_what_the_installer_says_becomes_what_to_do(said: str, advice: str) -> None:
    told = explain(said, PINS, "pypi")
    assert advice in told
    assert all(line in told for line in said.splitlines())


def test_an_installer_that_hangs_is_given_up(
    house: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wheels, "LONGEST_SECONDS", 0.01)
    with pytest.raises(NoPackages, match=r"did not arrive within 0\.01 s; check the network"):
        install(house / "requirements.txt", str(house), target)
