import json

import pulumi
import pytest
import yaml

from stacks.config import ConfigError, Settings, load, parse
from tests.support.labsight_program import DATABASE_URL, ROOT
from tests.support.pulumi_recorder import Declare

LEAST = {"databaseUrl": DATABASE_URL}


def refusal(**values: str) -> str:
    with pytest.raises(ConfigError) as caught:
        parse({**LEAST, **values})
    return str(caught.value)


def test_only_the_database_has_to_be_set() -> None:
    assert parse(LEAST) == Settings(database_url=DATABASE_URL)


def test_every_setting_is_read() -> None:
    assert parse(
        {
            "databaseUrl": DATABASE_URL,
            "databaseAuth": "none",
            "showLabels": "true",
            "archiveAfterDays": "180",
            "logRetentionDays": "365",
        }
    ) == Settings(
        database_url=DATABASE_URL,
        database_auth="none",
        show_labels=True,
        archive_after_days=180,
        log_retention_days=365,
    )


def test_zero_days_mean_no_archive_tier() -> None:
    assert parse({**LEAST, "archiveAfterDays": "0"}).archive_after_days is None


@pytest.mark.parametrize("values", [{}, {"databaseUrl": ""}])
def test_a_missing_database_is_refused_with_the_command_that_sets_it(
    values: dict[str, str],
) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(values)
    assert "labsight:databaseUrl is not set" in str(caught.value)
    assert "pulumi config set databaseUrl postgresql+psycopg://USER@HOST:5432/labsight" in str(
        caught.value
    )


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://labsight:hunter2@db.example.org:5432/labsight",
        "postgresql+psycopg://labsight@db.example.org:5432/labsight?password=hunter2",
    ],
)
def test_a_password_in_the_url_is_refused_and_not_repeated(url: str) -> None:
    message = refusal(databaseUrl=url)
    assert "labsight:databaseUrl holds a password" in message
    assert "hunter2" not in message


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("postgresql://labsight@db.example.org:5432/labsight", "start with postgresql+psycopg://"),
        ("sqlite:///catalog.db", "start with postgresql+psycopg://"),
        ("postgresql+psycopg://db.example.org:5432/labsight", "user, host, port and database"),
        ("postgresql+psycopg://labsight@:5432/labsight", "user, host, port and database"),
        ("postgresql+psycopg://labsight@db.example.org/labsight", "user, host, port and database"),
        ("postgresql+psycopg://labsight@db.example.org:5432", "user, host, port and database"),
        ("postgresql+psycopg://lab*@db.example.org:5432/labsight", "user, host, port and database"),
    ],
)
def test_an_incomplete_or_foreign_database_url_is_refused(url: str, reason: str) -> None:
    message = refusal(databaseUrl=url)
    assert url in message
    assert reason in message


def test_a_url_may_say_how_to_connect() -> None:
    url = "postgresql+psycopg://labsight@localhost:5432/labsight?host=/run/postgresql"
    assert parse({"databaseUrl": url}).database_url == url


@pytest.mark.parametrize("url", ["postgresql+psycopg://a@b:port/c", "postgresql+psycopg://a@[b/c"])
def test_what_is_no_url_at_all_is_refused(url: str) -> None:
    assert "labsight:databaseUrl is not a database URL" in refusal(databaseUrl=url)


@pytest.mark.parametrize(
    ("key", "value", "allowed"),
    [
        ("databaseAuth", "password", "use iam or none"),
        ("showLabels", "yes", "use true or false"),
        ("archiveAfterDays", "30", "use 0 (no archive tier) or 90 to 730 days"),
        ("archiveAfterDays", "ninety", "use 0 (no archive tier) or 90 to 730 days"),
        ("archiveAfterDays", "120.5", "use 0 (no archive tier) or 90 to 730 days"),
        ("logRetentionDays", "91", "one of 1, 3, 5, 7, 14, 30, 60, 90, 120"),
        ("logRetentionDays", "0", "one of 1, 3, 5, 7, 14, 30, 60, 90, 120"),
    ],
)
def test_a_bad_value_is_refused_with_its_key_and_what_is_allowed(
    key: str, value: str, allowed: str
) -> None:
    message = refusal(**{key: value})
    assert f"labsight:{key} is {value!r}" in message
    assert allowed in message


@pytest.mark.parametrize(
    ("key", "nearest"),
    [
        ("archiveAfterDay", "archiveAfterDays"),
        ("databaseurl", "databaseUrl"),
        ("labels", "showLabels"),
    ],
)
def test_an_unknown_key_is_refused_with_the_nearest_known_one(key: str, nearest: str) -> None:
    message = refusal(**{key: "1"})
    assert f"labsight:{key} is no setting of labsight; the nearest one is {nearest}" in message
    assert f"pulumi config rm {key}" in message


def test_everything_wrong_is_said_at_once() -> None:
    lines = refusal(databaseAuth="x", showLabels="x", logRetention="x").splitlines()
    assert [line.partition(" ")[0] for line in lines[1:]] == [
        "labsight:logRetention",
        "labsight:databaseAuth",
        "labsight:showLabels",
    ]


def test_pulumi_shows_the_refusal_without_a_traceback() -> None:
    assert issubclass(ConfigError, pulumi.RunError)


def test_settings_come_from_labsight_s_namespace_alone(declare: Declare) -> None:
    def program() -> str:
        pulumi.runtime.set_all_config(
            {"labsight:databaseUrl": DATABASE_URL, "aws:region": "eu-central-1", "aws:wrong": "x"}
        )
        return load().database_url

    assert declare(program) == DATABASE_URL


def test_an_unknown_key_of_the_stack_is_seen_by_the_loader(declare: Declare) -> None:
    def program() -> Settings:
        pulumi.runtime.set_all_config(
            {"labsight:databaseUrl": DATABASE_URL, "labsight:shwLabels": "1"}
        )
        return load()

    with pytest.raises(ConfigError, match=r"labsight:shwLabels is no setting .* is showLabels"):
        declare(program)


def test_the_environment_that_pulumi_hands_over_is_read(
    declare: Declare, monkeypatch: pytest.MonkeyPatch
) -> None:
    handed = {"labsight:databaseUrl": DATABASE_URL, "labsight:nonsense": "1"}
    monkeypatch.setenv("PULUMI_CONFIG", json.dumps(handed))
    pulumi.runtime.set_all_config({})
    with pytest.raises(ConfigError, match="labsight:nonsense is no setting"):
        declare(load)


def test_pulumi_yaml_describes_every_setting_with_the_default_that_the_loader_has() -> None:
    described = yaml.safe_load((ROOT / "Pulumi.yaml").read_text(encoding="utf-8"))["config"]
    texts = {key: json.dumps(one["default"]).strip('"') for key, one in described.items()}
    assert all(one["description"] and one["type"] for one in described.values())
    assert parse({**texts, **LEAST}) == parse(LEAST)
    assert len(described) == len(Settings.__dataclass_fields__)


def test_the_dev_stack_names_no_database_but_says_how_to() -> None:
    text = (ROOT / "Pulumi.dev.yaml").read_text(encoding="utf-8")
    assert yaml.safe_load(text)["config"].keys() == {"aws:region", "aws:defaultTags"}
    assert "pulumi config set databaseUrl" in text
