"""The settings file that is written teaches every setting, and says what was chosen."""

import os
import stat
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from labsight.errors import Conflict, InvalidInput, SettingsError
from labsight_lab.settings import reading, writing
from labsight_lab.settings.model import LabSettings

TEMPLATE = Path(writing.__file__).with_name("template.toml").read_text(encoding="utf-8")
SWITCHED_ON = "\n".join(
    line.removeprefix("#")
    if line.startswith("#")
    and " = " in line.partition(" ")[0] + " = "
    and not line.startswith("# ")
    else line
    for line in TEMPLATE.split("\n")
)

TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(str.strip)
PATTERNS = TEXT.map("*{}.svs".format)
NAMES = st.from_regex(r"[a-z0-9][a-z0-9-]{0,20}", fullmatch=True)
PLACES = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1).map(
    lambda name: str(Path("/", name))
)
MILLISECONDS = st.integers(1000, 10**9).map(lambda count: count / 1000)
VALUES: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "archive": {
        "bucket": st.from_regex(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", fullmatch=True),
        "region": TEXT,
        "profile": TEXT,
        "endpoint": NAMES.map("https://{}.example:9000/a".format),
    },
    "folder": {
        "path": PLACES,
        "source": NAMES,
        "include": st.lists(PATTERNS),
        "exclude": st.lists(PATTERNS),
        "quiet_period": MILLISECONDS,
        "incomplete_after": MILLISECONDS,
        "send_incomplete": st.booleans(),
        "rescan": MILLISECONDS,
        "events": st.booleans(),
    },
    "ids": {
        "pattern": st.sampled_from(
            [r"(?P<case>\d+)'\"", r"(?P<slide>\w+)\\", "(?P<scanner>[^/]*)"]
        ),
        "table": PLACES,
        "file_column": TEXT,
        "case_column": TEXT,
        "slide_column": TEXT,
        "scanner_column": TEXT,
    },
    "transfer": {
        "limit": st.sampled_from(["20Mbit", "07:00-19:00 20Mbit, else off"]),
        "connections": st.integers(1, 256),
        "memory": st.integers(32 << 20, 4096 << 20),
    },
    "state": {"journal": PLACES, "log_folder": PLACES},
    "catalog": {"queue_url": NAMES.map("https://sqs.{}.example/1/q".format)},
    "verify": {"profile": TEXT},
}
DOCUMENTS = st.fixed_dictionaries(
    {},
    optional={
        name: st.fixed_dictionaries({}, optional=section) for name, section in VALUES.items()
    },
)


def test_these_tests_know_every_setting() -> None:
    model = {
        name: set(getattr(field.annotation, "model_fields", ()))
        for name, field in LabSettings.model_fields.items()
    }
    assert {name: set(section) for name, section in VALUES.items()} == model


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(document=DOCUMENTS)
def test_what_is_written_is_read_back(document: dict[str, Any], tmp_path: Path) -> None:
    chosen = LabSettings.model_validate(document)
    file = tmp_path / "labsight.toml"
    writing.save(chosen, file, replace=True)
    again = reading.read(file)
    assert again == chosen
    assert {n: s for n, s in again.model_dump(exclude_unset=True).items() if s} == {
        n: s for n, s in chosen.model_dump(exclude_unset=True).items() if s
    }


def test_every_setting_is_taught_once_with_its_default_or_an_example() -> None:
    taught = tomllib.loads(SWITCHED_ON)
    assert {name: set(section) for name, section in taught.items()} == {
        name: set(section) for name, section in VALUES.items()
    }
    shown = LabSettings.model_validate(taught)
    for section, field in LabSettings.model_fields.items():
        for name, one in getattr(field.annotation, "model_fields", {}).items():
            if one.default is not None:
                assert getattr(getattr(shown, section), name) == one.default, name


def test_what_is_not_chosen_stays_a_remark() -> None:
    assert writing.written(LabSettings()) == TEMPLATE
    chosen = LabSettings.model_validate({"folder": {"source": "scanner-1"}})
    lines = writing.written(chosen).split("\n")
    assert set(lines) - set(TEMPLATE.split("\n")) == {'source = "scanner-1"'}


def test_the_template_fits_a_window() -> None:
    assert max(map(len, TEMPLATE.split("\n"))) <= 88


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("D:\\slides", "'D:\\slides'"),
        ("plain", '"plain"'),
        ("it's D:\\", '"it\'s D:\\\\"'),
        ('"\t\x01\U0001f52c', '"\\"\\t\\U00000001\U0001f52c"'),
        (("a", "b"), '["a", "b"]'),
        (True, "true"),
        (64, "64"),
    ],
)
def test_a_value_is_written_as_people_write_it(value: Any, text: str) -> None:
    assert writing.toml(value) == text
    read = tomllib.loads(f"x = {text}")["x"]
    assert read == (list(value) if isinstance(value, tuple) else value)


def test_a_file_is_replaced_only_when_told(tmp_path: Path) -> None:
    file = tmp_path / "labsight.toml"
    file.write_text("mine", encoding="utf-8")
    with pytest.raises(Conflict, match="is there already; --force replaces it"):
        writing.save(LabSettings(), file, replace=False)
    assert file.read_text(encoding="utf-8") == "mine"
    writing.save(LabSettings(), file, replace=True)
    assert [path.name for path in tmp_path.iterdir()] == ["labsight.toml"]
    assert file.read_text(encoding="utf-8") == TEMPLATE


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps rights elsewhere")
def test_the_file_and_its_folder_are_the_owners_alone(tmp_path: Path) -> None:
    file = tmp_path / "new" / "labsight.toml"
    writing.save(LabSettings(), file, replace=False)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_a_place_that_takes_no_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match="cannot be written"):
        writing.save(LabSettings(), tmp_path / "file" / "labsight.toml", replace=False)


def test_a_name_that_no_text_can_hold_is_refused(tmp_path: Path) -> None:
    section = LabSettings().folder.model_copy(update={"path": Path("/slides\udcff")})
    section.model_fields_set.add("path")
    chosen = LabSettings(folder=section)
    with pytest.raises(InvalidInput, match="not valid Unicode"):
        writing.save(chosen, tmp_path / "labsight.toml", replace=False)
    assert list(tmp_path.iterdir()) == []
