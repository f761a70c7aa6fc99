"""`labsight sync`: what its options ask for."""

from pathlib import Path
from typing import Any

import pytest

from labsight_lab import cli
from labsight_lab.sync import command
from labsight_lab.sync.options import SyncOptions
from labsight_lab.sync.target import Target

TO = ["--bucket", "archive", "--source", "scanner-1"]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Run `labsight sync` up to where it begins, and return what it was asked for."""
    heard: list[SyncOptions] = []

    def sync(options: SyncOptions) -> int:
        heard.append(options)
        return 0

    monkeypatch.setattr(command, "sync", sync)
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> SyncOptions:
        assert cli.main(["sync", *arguments]) == 0
        return heard.pop()

    return run


def test_without_more_options_the_defaults_hold(asked: Any, tmp_path: Path) -> None:
    expected = SyncOptions(target=Target(folder=tmp_path, bucket="archive", source="scanner-1"))
    assert asked(".", *TO) == expected


def test_every_option_arrives(asked: Any, tmp_path: Path) -> None:
    told = asked(
        *("slides", *TO, "--watch", "--dry-run", "--json", "--quiet-period", "2m"),
        *("--include", "*.svs", "--include", "a/*", "--exclude", "old/", "--send-incomplete"),
        *("--rescan", "10m", "--limit", "07:00-19:00 20Mbit, else off", "--connections", "8"),
        *("--profile", "lab", "--region", "eu-west-1", "--endpoint-url", "http://127.0.0.1:9"),
        *("--journal", "j.sqlite"),
    )
    assert told == SyncOptions(
        target=Target(
            folder=tmp_path / "slides",
            bucket="archive",
            source="scanner-1",
            profile="lab",
            region="eu-west-1",
            endpoint="http://127.0.0.1:9",
            journal=Path("j.sqlite"),
        ),
        watch=True,
        dry_run=True,
        as_json=True,
        include=("*.svs", "a/*"),
        exclude=("old/",),
        quiet_period=120,
        send_incomplete=True,
        rescan=600,
        limit="07:00-19:00 20Mbit, else off",
        connections=8,
    )


def test_the_settings_file_tells_the_rest(asked: Any, tmp_path: Path) -> None:
    file = tmp_path / "lab.toml"
    file.write_text(
        '[archive]\nbucket = "archive"\n[folder]\npath = "slides"\nsource = "scanner-1"\n'
        'include = ["*.svs"]\nsend_incomplete = true\n[transfer]\nconnections = 2\n',
        encoding="utf-8",
    )
    told = asked("--config", str(file), "--connections", "3")
    assert told.target.folder == tmp_path / "slides"
    assert (told.include, told.send_incomplete, told.connections) == (("*.svs",), True, 3)


def test_the_variable_names_the_settings_file(
    asked: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "lab.toml"
    file.write_text("[transfer]\nconnections = 2\n", encoding="utf-8")
    monkeypatch.setenv("LABSIGHT_CONFIG", str(file))
    assert asked(".", *TO).connections == 2


@pytest.mark.parametrize(
    ("before", "now"),
    [(["--threads", "5"], ["--connections", "5"]), (["--interval", "9"], ["--rescan", "9"])],
)
def test_the_names_that_options_had_before_still_work(
    before: list[str], now: list[str], asked: Any
) -> None:
    assert asked(".", *TO, *before) == asked(".", *TO, *now)
    assert asked(".", *TO, *before) != asked(".", *TO)


@pytest.mark.parametrize(
    ("option", "value", "told"),
    [
        ("--quiet-period", "fast", "'fast' is not a time such as 90s, 10m, 24h or 30d"),
        ("--rescan", "-1s", "'-1s' is not a time such as"),
        ("--rescan", "0", "'0' is not a time such as 90s, 10m, 24h or 30d, from 0.1s"),
        ("--limit", "20 fast", '"20 fast" is no rate: write a rate such as 20Mbit'),
        ("--connections", "0", "0 is not in the range 1<=x<=256"),
    ],
)
def test_a_value_that_does_not_fit_is_told_with_its_option(
    option: str, value: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["sync", ".", *TO, option, value]) == 2
    said = " ".join(capsys.readouterr().err.split())
    assert f"Invalid value for '{option}'" in said
    assert told in said
