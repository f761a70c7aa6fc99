"""What `labsight init` finds out about settings, against a stand-in for S3."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from labsight.errors import InvalidInput
from labsight.objects.http1 import Answer
from labsight_lab.settings import trial
from labsight_lab.settings.trial import Finding
from labsight_lab.sync.options import SyncOptions
from labsight_lab.sync.sending.archive import Archive, Unreachable
from labsight_lab.sync.sending.outcome import Result
from labsight_lab.sync.target import Target
from labsight_lab.sync.telling.report import Report
from tests.lab.sync.telling.made import NOW, ended, lone, unit
from tests.support.ports import free_port
from tests.support.s3_server import S3, serving


@pytest.fixture
def s3() -> Iterator[S3]:
    with serving("archive") as server:
        yield server


def options(folder: Path, s3: S3 | None, bucket: str = "archive") -> SyncOptions:
    endpoint = s3.url if s3 else f"http://127.0.0.1:{free_port()}"
    target = Target(folder=folder, bucket=bucket, source="scanner-1", endpoint=endpoint)
    return SyncOptions(target=target)


def found(asked: SyncOptions, **more: object) -> dict[str, Finding]:
    return {finding.about: finding for finding in trial.findings(asked, _preview, **more)}  # type: ignore[arg-type]


def _preview(asked: SyncOptions) -> Report:
    report = Report(asked.target.folder, "archive", "scanner-1", dry_run=True)
    report.plan(lone("a.svs", 3_000_000))
    return report


@pytest.mark.usefixtures("aws")
def test_what_works_is_told(tmp_path: Path, s3: S3) -> None:
    told = found(options(tmp_path, s3))
    assert [*told] == ["folder", "credentials", "bucket", "clock", "rights"]
    assert all(finding.works for finding in told.values())
    assert told["folder"].said == (f"{tmp_path}: a sync would send 1 file, 3.0 MB")
    assert told["credentials"].said == (
        "the environment (AWS_ACCESS_KEY_ID); long-lived, access key ...ting"
    )
    assert told["bucket"].said == "archive is there, in us-east-1"
    assert told["clock"].said == "agrees with that of the archive"
    assert told["rights"].said == "the archive takes these credentials for slides/scanner-1/"


@pytest.mark.usefixtures("aws")
def test_what_is_in_the_folder_is_counted_by_what_is_true_of_it(tmp_path: Path, s3: S3) -> None:
    def mixed(asked: SyncOptions) -> Report:
        report = Report(asked.target.folder, "archive", "scanner-1", dry_run=True, unchanged=1200)
        report.plan(lone("a.svs", 1_000_000))
        report.plan(unit(sizes=(10, 20, 30)))
        report.leave("young.svs", "too young", until=NOW)
        report.add(ended("cut.svs", Result.UNFINISHED, "not complete yet: it ends too early"))
        report.add(ended("cut too.svs", Result.UNFINISHED, "not complete yet: it ends too early"))
        report.add(ended("old.svs", Result.FAILED, "incomplete: it ends too early"))
        report.skipped.add("notes.txt", "no slide")
        return report

    (folder, *_) = trial.findings(options(tmp_path, s3), mixed)
    assert folder.works
    assert folder.said == (
        f"{tmp_path}: a sync would send 2 slides (4 files), 1.0 MB; 1,200 files sent already; "
        "1 slide changed a moment ago, and left until it stays as it is; 2 slides not finished: "
        "cut off, or open in another program; 1 file in need of a look; 1 file skipped. "
        "`labsight sync --dry-run` names them"
    )


@pytest.mark.usefixtures("aws")
def test_a_folder_without_a_slide_is_told_so(tmp_path: Path, s3: S3) -> None:
    def empty(asked: SyncOptions) -> Report:
        return Report(asked.target.folder, "archive", "scanner-1", dry_run=True)

    (folder, *_) = trial.findings(options(tmp_path, s3), empty)
    assert folder.said == f"{tmp_path}: holds no slide yet"
    assert folder.works


@pytest.mark.usefixtures("aws")
def test_nothing_is_changed_and_no_object_is_asked_for(tmp_path: Path, s3: S3) -> None:
    found(options(tmp_path, s3))
    assert {asked.kind for asked in s3.asked} == {"HeadBucket", "ListMultipartUploads"}


@pytest.mark.usefixtures("aws")
def test_a_bucket_that_is_not_there_is_named(tmp_path: Path, s3: S3) -> None:
    told = found(options(tmp_path, s3, bucket="archives"))
    assert not told["rights"].works
    assert "there is no bucket 'archives'" in told["rights"].said


@pytest.mark.parametrize(
    ("status", "region", "said", "works"),
    [
        (200, "eu-central-1", "archive is there, in eu-central-1", True),
        (403, "eu-central-1", "archive is there, in eu-central-1", True),
        (301, "us-west-2", "lies in us-west-2, not in eu-central-1: better set archive.reg", True),
        (404, None, "there is no archive; the name is the stack's output", False),
        (500, None, "archive: the archive answers 500", False),
    ],
)
def test_what_s3_says_to_nobody_in_particular(
    status: int, region: str | None, said: str, works: bool
) -> None:
    headers = {"x-amz-bucket-region": region} if region else {}
    finding = trial.place("archive", "eu-central-1", Answer(status, headers, b""))
    assert said in finding.said
    assert finding.works is works


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize(
    ("ahead", "said"),
    [
        (-330, r"5 min 3. s ahead of that of the archive: better set it"),
        (7230, r"2 h 00 min behind that of the archive: better set it"),
        (20, r"agrees with that of the archive"),
    ],
)
def test_a_clock_that_is_wrong_is_told_and_stops_nothing(
    ahead: float, said: str, tmp_path: Path, s3: S3
) -> None:
    s3.clock_offset = ahead
    told = found(options(tmp_path, s3))
    assert told["clock"].works
    assert told["rights"].works
    assert re.fullmatch(said, told["clock"].said)


@pytest.mark.usefixtures("aws")
def test_a_right_that_a_lab_need_not_have_is_no_obstacle(tmp_path: Path, s3: S3) -> None:
    s3.denied = frozenset({"ListMultipartUploads"})
    told = found(options(tmp_path, s3))
    assert told["rights"].works
    assert "They may not list open uploads" in told["rights"].said


@pytest.mark.usefixtures("aws")
def test_credentials_that_the_archive_does_not_take_are_told(
    tmp_path: Path, s3: S3, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    rights = found(options(tmp_path, s3))["rights"]
    assert not rights.works
    assert "AWS rejects the credentials" in rights.said
    assert "wrong" not in rights.said


@pytest.mark.usefixtures("aws")
def test_without_credentials_the_rest_is_still_asked(
    tmp_path: Path, s3: S3, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    told = found(options(tmp_path, s3))
    assert [*told] == ["folder", "credentials", "bucket", "clock"]
    assert not told["credentials"].works
    assert "aws configure" in told["credentials"].said
    assert told["bucket"].works


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize("by", ["setting", "variable"])
def test_a_profile_is_named_and_temporary_keys_are_told_apart(
    by: str, tmp_path: Path, s3: S3, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    file = tmp_path / "credentials"
    file.write_text(
        "[lab]\naws_access_key_id = ASIAIOSFODNN7EXAMPLE\naws_secret_access_key = s\n"
        "aws_session_token = t\n",
        encoding="utf-8",
    )
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    asked = options(tmp_path, s3)
    if by == "variable":
        monkeypatch.setenv("AWS_PROFILE", "lab")
    else:
        asked = replace(asked, target=replace(asked.target, profile="lab"))
    assert found(asked)["credentials"].said == ("profile 'lab'; temporary, access key ...MPLE")


@pytest.mark.usefixtures("aws")
def test_an_archive_that_is_away_is_told(tmp_path: Path) -> None:
    told = found(options(tmp_path, None), connect=_unreachable)
    assert not told["bucket"].works
    assert "cannot be reached" in told["bucket"].said
    assert "clock" not in told
    assert told["rights"].said == "no network"


def _unreachable(_: Target) -> Archive:
    raise Unreachable("no network")


@pytest.mark.usefixtures("aws")
def test_a_folder_that_cannot_be_looked_at_is_told(tmp_path: Path, s3: S3) -> None:
    def fail(_: SyncOptions) -> Report:
        raise InvalidInput("the folder is away")

    (folder, *_) = trial.findings(options(tmp_path, s3), fail)
    assert (folder.said, folder.works, folder.mark) == ("the folder is away", False, "NO")
