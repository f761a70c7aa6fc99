"""Options win over the settings file, and that over the defaults."""

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from labsight.errors import InvalidInput, SettingsError
from labsight_lab.settings import finding
from labsight_lab.settings.choice import Given, know, queue_url, sync_options
from labsight_lab.settings.model import LabSettings
from labsight_lab.sync.look.id_table import Columns
from labsight_lab.sync.options import SyncOptions
from labsight_lab.sync.target import Target

COMPLETE = """
[archive]
bucket = "archive"
profile = "sender"
region = "eu-central-1"

[folder]
path = "slides"
source = "scanner-1"
exclude = ["*-test.svs"]
incomplete_after = "2h"

[transfer]
connections = 8
limit = "20Mbit"

[state]
journal = "journal.sqlite"
log_folder = "logs"

[catalog]
queue_url = "https://sqs.example/1/q"

[verify]
profile = "reader"
"""


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LABSIGHT_CONFIG", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(finding, "usual_place", lambda: tmp_path / "nowhere.toml")


@pytest.fixture
def settings(tmp_path: Path) -> Callable[[str], Path]:
    def write(text: str) -> Path:
        file = tmp_path / "labsight.toml"
        file.write_text(text, encoding="utf-8")
        return file

    return write


def chosen(given: Given, **asked: Any) -> SyncOptions:
    return sync_options(given, watch=False, dry_run=False, as_json=False, **asked)


def test_the_file_alone_is_enough(settings: Any, tmp_path: Path) -> None:
    options = chosen(Given(config=settings(COMPLETE)))
    assert options.target == Target(
        folder=tmp_path / "slides",
        bucket="archive",
        source="scanner-1",
        profile="sender",
        region="eu-central-1",
        journal=tmp_path / "journal.sqlite",
        log_folder=tmp_path / "logs",
    )
    assert (options.exclude, options.incomplete_after) == (("*-test.svs",), 7200)
    assert (options.connections, options.limit) == (8, "20Mbit")
    assert options.rescan == 5


def test_options_win_over_the_file(settings: Any, tmp_path: Path) -> None:
    given = Given(config=settings(COMPLETE), bucket="other", profile="me", journal=Path("j"))
    options = chosen(given, connections=2, exclude=None, limit="off", rescan=600.0)
    assert (options.target.bucket, options.target.profile) == ("other", "me")
    assert options.target.journal == Path("j")
    assert (options.connections, options.exclude, options.limit) == (2, ("*-test.svs",), "off")
    assert options.rescan == 600
    assert options.target.source == "scanner-1"
    assert options.target.folder == tmp_path / "slides"


def test_options_alone_are_enough(tmp_path: Path) -> None:
    given = Given(folder=tmp_path, bucket="archive", source="scanner-1")
    expected = SyncOptions(target=Target(folder=tmp_path, bucket="archive", source="scanner-1"))
    assert chosen(given) == expected


def test_a_file_without_the_rest_has_the_same_defaults_as_none(settings: Any) -> None:
    needed = '[archive]\nbucket="archive"\n[folder]\npath="slides"\nsource="scanner-1"'
    options = chosen(Given(config=settings(needed)))
    assert options == SyncOptions(target=options.target)


def test_every_setting_reaches_sync_or_its_target(settings: Any) -> None:
    told = settings(
        COMPLETE.replace("[transfer]", '[ids]\npattern="(?P<case>x)"\ntable="t.csv"\n\n[transfer]')
        .replace('exclude = ["*-test.svs"]', 'exclude = ["a"]\ninclude = ["b"]\nevents = false')
        .replace("[state]", 'memory = "32 MiB"\n[state]')
        .replace('source = "', 'quiet_period=1\nsend_incomplete=true\nrescan=9\nsource = "')
        .replace('region = "', 'endpoint = "http://127.0.0.1:9"\nregion = "')
        .replace('table="t.csv"', 'table="t.csv"\nfile_column="f"\ncase_column="c"')
        .replace('case_column="c"', 'case_column="c"\nslide_column="s"\nscanner_column="m"')
    )
    known = know(Given(config=told))
    assert known.settings is not None
    assert known.settings.model_fields_set == set(LabSettings.model_fields)
    for name in LabSettings.model_fields:
        section = getattr(known.settings, name)
        assert section.model_fields_set == set(type(section).model_fields), name
    options, default = chosen(Given(config=told)), SyncOptions(target=known.target())
    same = {
        f.name for f in fields(SyncOptions) if getattr(options, f.name) == getattr(default, f.name)
    }
    assert same == {"target", "watch", "dry_run", "as_json"}
    unset = {f.name for f in fields(Target) if getattr(options.target, f.name) is None}
    assert unset == set()
    assert options.ids_columns == Columns(file="f", case_id="c", slide_id="s", scanner="m")


def test_what_is_nowhere_said_is_named(settings: Any, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput) as caught:
        chosen(Given(folder=tmp_path))
    assert caught.value.message == (
        "there is no settings file, so give --bucket and --source here; or run `labsight init`, "
        "which asks once and writes one"
    )
    file = settings('[archive]\nbucket = "archive"')
    with pytest.raises(InvalidInput) as caught:
        chosen(Given(config=file))
    assert caught.value.message == (
        f"{file} sets no folder.path and no folder.source: set it there, or give the folder and "
        "--source"
    )


def test_where_the_folder_is_an_option_it_is_named_so() -> None:
    with pytest.raises(InvalidInput, match="so give --folder and --bucket and --source here"):
        know(Given()).target()
    with pytest.raises(InvalidInput, match="so give the folder and --bucket and --source here"):
        chosen(Given())


def test_a_file_in_place_of_the_folder_is_told_so(settings: Any, tmp_path: Path) -> None:
    notes = tmp_path / "notes.txt"
    notes.touch()
    with pytest.raises(
        InvalidInput, match=r"notes\.txt is a file; give the folder that the scanner"
    ):
        chosen(Given(config=settings(COMPLETE), folder=notes))


def test_what_is_wrong_with_the_files_folder_is_told_with_its_place(
    settings: Any, tmp_path: Path
) -> None:
    file = settings(COMPLETE)
    assert chosen(Given(config=file)).folder_setting == f"{file}, line 8: folder.path"
    given = Given(config=file, folder=tmp_path / "slides")
    assert chosen(given).folder_setting is None


def test_another_folder_needs_a_source_of_its_own(settings: Any, tmp_path: Path) -> None:
    file, other = settings(COMPLETE), tmp_path / "other"
    with pytest.raises(InvalidInput, match=r"other is not the folder of .*give it a --source of"):
        chosen(Given(config=file, folder=other))
    options = chosen(Given(config=file, folder=other, source="scanner-2"))
    assert (options.target.folder, options.target.source) == (other, "scanner-2")
    assert options.target.bucket == "archive"


def test_what_the_file_says_of_its_folder_does_not_hold_for_another(
    settings: Any, tmp_path: Path
) -> None:
    file, other = settings(COMPLETE), tmp_path / "other"
    options = chosen(Given(config=file, folder=other, source="scanner-2"))
    own, usual = chosen(Given(config=file)), SyncOptions(target=options.target)
    assert own.exclude != usual.exclude
    assert (options.include, options.exclude) == (usual.include, usual.exclude)
    assert (options.quiet_period, options.ids_pattern) == (usual.quiet_period, usual.ids_pattern)
    assert (options.limit, options.connections) == (own.limit, own.connections)


@pytest.mark.parametrize("given", [{"bucket": "other"}, {"source": "scanner-2"}])
def test_the_files_journal_is_not_that_of_another_archive(
    settings: Any, given: dict[str, Any]
) -> None:
    assert know(Given(config=settings(COMPLETE), **given)).target().journal is None


@pytest.mark.parametrize(
    "given",
    [
        {"bucket": "other"},
        {"source": "scanner-2"},
        {"endpoint": "http://127.0.0.1:1"},
        {"folder": Path("elsewhere"), "source": "scanner-1"},
    ],
)
def test_a_file_that_is_about_something_else_is_not_that_of_what_is_asked_for(
    settings: Any, given: dict[str, Any]
) -> None:
    file = settings(COMPLETE)
    known = know(Given(config=file, **given))
    assert (known.file, known.own_file) == (file, None)


def test_the_file_stays_that_of_what_it_tells_itself(settings: Any, tmp_path: Path) -> None:
    file = settings(COMPLETE)
    for given in ({}, {"bucket": "archive", "profile": "me"}, {"folder": tmp_path / "slides"}):
        assert know(Given(config=file, **given)).own_file == file
    assert know(Given(bucket="archive")).own_file is None


def test_the_files_folder_may_be_named_again(
    settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = settings(COMPLETE)
    monkeypatch.chdir(tmp_path)
    target = know(Given(config=file, folder=Path("slides"), bucket="archive")).target()
    assert target.journal == tmp_path / "journal.sqlite"


@pytest.mark.parametrize(
    ("profile", "reads_as"), [(None, "reader"), ("me", "me")], ids=["the file's", "an option"]
)
def test_who_reads_may_be_another_than_who_sends(
    settings: Any, profile: str | None, reads_as: str
) -> None:
    known = know(Given(config=settings(COMPLETE), profile=profile))
    assert known.target_to_read().profile == reads_as
    assert known.target().profile == (profile or "sender")


def test_without_a_reader_the_sender_reads(settings: Any) -> None:
    file = settings(COMPLETE.replace('profile = "reader"', ""))
    assert know(Given(config=file)).target_to_read().profile == "sender"


def test_the_environment_names_another_s3_when_nothing_else_does(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    file = settings(COMPLETE)
    assert know(Given(config=file)).target().endpoint == "http://127.0.0.1:1"
    given = Given(config=file, endpoint="http://127.0.0.1:2")
    assert know(given).target().endpoint == "http://127.0.0.1:2"


def test_a_wrong_file_is_told_even_where_options_would_be_enough(
    settings: Any, tmp_path: Path
) -> None:
    file = settings("[archive]\nbuckett = 1")
    with pytest.raises(SettingsError, match="did you mean bucket"):
        know(Given(config=file, folder=tmp_path, bucket="archive", source="scanner-1"))


def test_the_queue_comes_from_the_option_or_the_file(settings: Any) -> None:
    known = know(Given(config=settings(COMPLETE)))
    assert queue_url(None, known) == "https://sqs.example/1/q"
    assert queue_url("https://sqs.example/1/other", known) == "https://sqs.example/1/other"
    with pytest.raises(InvalidInput, match=r"give --queue-url, or set catalog\.queue_url"):
        queue_url(None, know(Given(bucket="archive")))


def test_a_bucket_alone_is_enough_for_what_asks_no_more() -> None:
    assert know(Given(bucket="archive")).bucket() == "archive"
    with pytest.raises(InvalidInput, match="give --bucket here"):
        know(Given()).bucket()
