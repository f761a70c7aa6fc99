"""Which settings file is read."""

from pathlib import Path

import pytest

from labsight.errors import SettingsError
from labsight_lab.settings import finding


@pytest.fixture
def usual(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The usual place, with a file in it."""
    file = tmp_path / "usual" / "labsight.toml"
    file.parent.mkdir()
    file.touch()
    monkeypatch.setattr(finding, "usual_place", lambda: file)
    return file


def test_the_option_wins_over_the_variable_and_that_over_the_usual_place(
    usual: Path, tmp_path: Path
) -> None:
    one, two = tmp_path / "one.toml", tmp_path / "two.toml"
    one.touch()
    two.touch()
    assert finding.find(one, {"LABSIGHT_CONFIG": str(two)}) == one
    assert finding.find(None, {"LABSIGHT_CONFIG": str(two)}) == two
    assert finding.find(None, {"LABSIGHT_CONFIG": ""}) == usual
    assert finding.find(None, {}) == usual


def test_no_file_in_the_usual_place_is_no_mistake(usual: Path) -> None:
    usual.unlink()
    assert finding.find(None, {}) is None


def test_a_file_that_is_named_must_be_there(tmp_path: Path) -> None:
    lost = tmp_path / "lost.toml"
    with pytest.raises(SettingsError, match=r"--config .*lost\.toml does not exist; `labsight in"):
        finding.find(lost, {})
    with pytest.raises(SettingsError, match=r"LABSIGHT_CONFIG .*lost\.toml does not exist"):
        finding.find(None, {"LABSIGHT_CONFIG": str(lost)})
    with pytest.raises(SettingsError, match="is not a file"):
        finding.find(tmp_path, {})
