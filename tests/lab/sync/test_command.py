"""`labsight sync` as it is run: against a stand-in for S3, killed half way, and run again."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing, suppress
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from moto.s3.models import S3Backend

from labsight_lab import cli
from labsight_lab.sync.journal.entries import Identity
from labsight_lab.sync.journal.journal import Journal
from labsight_lab.sync.journal.runs import latest
from labsight_lab.sync.telling.chronicle import Chronicle
from labsight_lab.text import size
from tests.lab.support import noise, open_journal, tiff, write

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

MIB = 1 << 20
PART = 16 * MIB


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "slides"
    place.mkdir()
    return place


@pytest.fixture
def sync(folder: Path, bucket: str, s3_address: str, capsys: pytest.CaptureFixture[str]) -> Any:
    """Run the command in this process and return its exit code and JSON document."""

    def run(*more: str) -> tuple[int, dict[str, Any]]:
        code = cli.main(
            [
                *("sync", str(folder), "--bucket", bucket, "--source", "scanner-1", "--json"),
                *("--endpoint-url", s3_address),
                *more,
            ]
        )
        return code, json.loads(capsys.readouterr().out)

    return run


def stored(s3: "S3Client", bucket: str) -> dict[str, bytes]:
    listed = s3.list_objects_v2(Bucket=bucket).get("Contents", [])
    return {o["Key"]: s3.get_object(Bucket=bucket, Key=o["Key"])["Body"].read() for o in listed}


def refuse_to_connect(*_: Any, **__: Any) -> None:
    raise AssertionError("there was nothing to ask the archive")


def test_a_folder_is_copied_and_a_second_run_makes_no_request(
    folder: Path, sync: Any, s3: "S3Client", bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    slides = {f"day {n}/slide-{n}.svs": tiff(seed=n) for n in range(6)}
    for path, data in slides.items():
        write(folder / path, data)
    write(folder / "README.md", b"not a slide")
    code, told = sync()
    assert code == told["exit_code"] == 0
    assert stored(s3, bucket) == {f"slides/scanner-1/{p}": data for p, data in slides.items()}
    assert sorted(sent["path"] for sent in told["uploaded"]) == sorted(slides)
    assert told["bytes"] == sum(map(len, slides.values()))
    assert told["skipped"]["files"] == [
        {"path": "README.md", "reason": "not a slide by its suffix"}
    ]
    monkeypatch.setattr("labsight_lab.sync.sending.s3.connect", refuse_to_connect)
    code, told = sync()
    assert (code, told["unchanged"], told["uploaded"]) == (0, 6, [])


def test_a_dry_run_needs_no_credentials_and_leaves_nothing(
    folder: Path, sync: Any, s3: "S3Client", bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(folder / "a.svs", tiff())
    monkeypatch.setattr("labsight_lab.sync.sending.s3.connect", refuse_to_connect)
    code, told = sync("--dry-run")
    assert code == 0
    assert told["planned"] == [
        {"path": "a.svs", "key": "slides/scanner-1/a.svs", "bytes": len(tiff())}
    ]
    assert stored(s3, bucket) == {}
    assert not (folder.parent / "state").exists()


def test_what_the_archive_holds_already_is_a_conflict(
    folder: Path, sync: Any, s3: "S3Client", bucket: str
) -> None:
    s3.put_object(Bucket=bucket, Key="slides/scanner-1/a.svs", Body=b"another slide")
    write(folder / "a.svs", tiff())
    write(folder / "b.svs", tiff())
    code, told = sync()
    assert code == 1
    assert [conflict["path"] for conflict in told["conflicts"]] == ["a.svs"]
    assert [sent["path"] for sent in told["uploaded"]] == ["b.svs"]
    assert stored(s3, bucket)["slides/scanner-1/a.svs"] == b"another slide"


def test_names_of_all_kinds_arrive(folder: Path, sync: Any, s3: "S3Client", bucket: str) -> None:
    names = ["Fall 12 (neu)/Präparat #3 50%.svs", "日本/スライド.svs", "a+b & c=d~1.svs", " x .svs"]
    for name in names:
        write(folder / name, tiff())
    assert sync()[0] == 0
    assert len(stored(s3, bucket)) == len(names)


@pytest.mark.usefixtures("s3")
def test_a_missing_bucket_ends_with_2_and_says_so_in_json(
    folder: Path, s3_address: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write(folder / "a.svs", tiff())
    arguments = ["sync", str(folder), "--bucket", "not-there", "--source", "scanner-1"]
    assert cli.main([*arguments, "--endpoint-url", s3_address, "--json"]) == 2
    shown = capsys.readouterr()
    assert "there is no bucket 'not-there'" in json.loads(shown.out)["error"]
    assert "there is no bucket 'not-there'" in shown.err


@pytest.mark.usefixtures("aws")
def test_without_credentials_it_ends_with_2(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    for name in ("a.svs", "b.svs"):
        write(folder / name, tiff())
    assert cli.main(["sync", str(folder), "--bucket", "archive", "--source", "scanner-1"]) == 2
    shown = capsys.readouterr()
    assert f" to send: 2 files, {size(2 * len(tiff()))}\n" in shown.out
    assert "sending" not in shown.out, "nothing was sent, and nothing is promised"
    assert shown.err.startswith("labsight: no usable AWS credentials")


@pytest.mark.usefixtures("aws")
def test_a_watch_without_credentials_ends_at_once_even_if_nothing_is_ready(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    arguments = ["sync", str(folder), "--bucket", "archive", "--source", "scanner-1", "--watch"]
    assert cli.main(arguments) == 2
    assert capsys.readouterr().err.startswith("labsight: no usable AWS credentials")


def test_a_journal_moves_along_with_its_folder(
    folder: Path, bucket: str, s3_address: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    write(folder / "a.svs", tiff())
    options = ["--bucket", bucket, "--source", "scanner-1", "--endpoint-url", s3_address]
    options += ["--journal", str(tmp_path / "j.sqlite"), "--json"]
    assert cli.main(["sync", str(folder), *options]) == 0
    moved = folder.rename(tmp_path / "elsewhere")
    capsys.readouterr()
    assert cli.main(["sync", str(moved), *options]) == 0
    shown = capsys.readouterr()
    assert json.loads(shown.out)["unchanged"] == 1
    assert f"was kept for {folder}; it is that of {moved} from now on" in shown.err


def test_a_dry_run_plans_what_was_written_a_minute_ago(folder: Path, sync: Any) -> None:
    write(folder / "a.svs", tiff(), time.time() - 60)
    write(folder / "b.svs", tiff(), time.time() + 60)
    told = sync("--dry-run")[1]
    assert [planned["path"] for planned in told["planned"]] == ["a.svs"]


@pytest.mark.usefixtures("s3")
def test_an_error_that_nobody_expects_leaves_no_thread_behind(
    folder: Path, bucket: str, s3_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("a bug")

    write(folder / "a.svs", tiff())
    monkeypatch.setattr(Chronicle, "ended", fail)
    before = set(threading.enumerate())
    arguments = ["sync", str(folder), "--bucket", bucket, "--source", "scanner-1"]
    assert cli.main([*arguments, "--endpoint-url", s3_address]) == 1
    assert [one for one in threading.enumerate() if one.daemon and one not in before] == []


def test_what_verify_missed_is_told_by_each_run(
    folder: Path, bucket: str, s3_address: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    write(folder / "a.svs", tiff())
    options = ["--bucket", bucket, "--source", "scanner-1", "--endpoint-url", s3_address]
    options += ["--journal", str(tmp_path / "j.sqlite")]
    assert cli.main(["sync", str(folder), *options]) == 0
    identity = Identity(folder=folder, bucket=bucket, source="scanner-1", endpoint=s3_address)
    with closing(Journal(tmp_path / "j.sqlite", identity)) as journal:
        journal.write([entry.but(reason="it is gone") for entry in journal.entries()])
    capsys.readouterr()
    assert cli.main(["sync", str(folder), *options]) == 1
    assert "a.svs: it is gone" in capsys.readouterr().out


def command(folder: Path, bucket: str, address: str, *more: str) -> list[str]:
    options = ["--bucket", bucket, "--source", "scanner-1", "--endpoint-url", address]
    return [sys.executable, "-m", "labsight_lab", "sync", str(folder), *options, *more]


def wait_for_parts(journal: Path, count: int, run: "subprocess.Popen[bytes]") -> None:
    """Wait until a run has noted so many answers: parts that are stored may not be known to it."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        assert run.poll() is None, run.communicate()
        with (
            suppress(sqlite3.OperationalError),
            closing(sqlite3.connect(f"file:{journal}?mode=ro", uri=True)) as db,
        ):
            if db.execute("SELECT count(*) FROM part").fetchone()[0] >= count:
                return
        time.sleep(0.01)
    raise AssertionError(f"{count} parts were not noted")


def test_killed_half_way_and_run_again_the_archive_is_complete(
    folder: Path,
    bucket: str,
    s3: "S3Client",
    s3_address: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    slides = {"large.czi": noise(5 * PART + 12_345), "small.svs": tiff()}
    for path, data in slides.items():
        write(folder / path, data)
    received: list[int] = []
    begun = count(1)
    go_on = threading.Event()
    upload_part = S3Backend.upload_part

    def slow(backend: S3Backend, *arguments: Any, **named: Any) -> Any:
        if next(begun) > 2:
            go_on.wait(60)
        part = upload_part(backend, *arguments, **named)
        received.append(len(part.value))
        return part

    monkeypatch.setattr(S3Backend, "upload_part", slow)
    run_again = command(folder, bucket, s3_address, "--json", "--journal", str(tmp_path / "j"))
    run = subprocess.Popen(run_again, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    wait_for_parts(tmp_path / "j", 2, run)
    run.kill()
    run.communicate(timeout=30)
    go_on.set()
    assert len(s3.list_multipart_uploads(Bucket=bucket)["Uploads"]) == 1

    again = subprocess.run(run_again, capture_output=True, check=False, timeout=60)
    assert again.returncode == 0, again.stderr
    assert stored(s3, bucket) == {f"slides/scanner-1/{p}": data for p, data in slides.items()}
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket)
    in_flight = 4 * PART  # of six parts, of which two were answered
    assert sum(received) <= len(slides["large.czi"]) + in_flight
    told = json.loads(again.stdout)
    assert "large.czi" in [sent["path"] for sent in told["uploaded"]]

    monkeypatch.setattr(S3Backend, "upload_part", upload_part)
    third = subprocess.run(run_again, capture_output=True, check=False, timeout=60)
    assert json.loads(third.stdout)["unchanged"] == 2


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX")
def test_a_watch_sends_what_appears_and_ends_cleanly(
    folder: Path, bucket: str, s3: "S3Client", s3_address: str
) -> None:
    write(folder / "first.svs", tiff())
    run = subprocess.Popen(
        command(folder, bucket, s3_address, "--watch", "--interval", "0.2"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert run.stdout is not None
    lines = iter(run.stdout.readline, "")
    assert any(" sent first.svs" in line for line in lines)
    write(folder / "second.svs", tiff(seed=1))
    assert any(" sent second.svs" in line for line in lines)

    beside = subprocess.run(
        command(folder, bucket, s3_address), capture_output=True, text=True, check=False, timeout=60
    )
    assert beside.returncode == 1
    assert "another labsight sync of this folder is at work" in beside.stderr

    run.send_signal(signal.SIGINT)
    rest, errors = run.communicate(timeout=30)
    assert run.returncode == 130
    assert "stopped; run the same command again" in rest
    assert "Traceback" not in rest + errors
    assert len(stored(s3, bucket)) == 2


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX")
def test_interrupted_in_the_middle_of_a_file_it_ends_soon_and_goes_on_later(
    folder: Path, bucket: str, s3: "S3Client", s3_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(folder / "large.czi", noise(5 * PART))
    reached, go_on = threading.Event(), threading.Event()
    upload_part = S3Backend.upload_part

    def slow(backend: S3Backend, *arguments: Any, **named: Any) -> Any:
        part = upload_part(backend, *arguments, **named)
        if not reached.is_set():
            reached.set()
            go_on.wait(60)
        return part

    monkeypatch.setattr(S3Backend, "upload_part", slow)
    run = subprocess.Popen(
        command(folder, bucket, s3_address, "--json"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert reached.wait(60)
    run.send_signal(signal.SIGINT)
    shown, errors = run.communicate(timeout=30)
    go_on.set()
    assert run.returncode == 130
    assert json.loads(shown)["interrupted"] is True
    assert "Traceback" not in errors
    again = subprocess.run(
        command(folder, bucket, s3_address), capture_output=True, check=False, timeout=60
    )
    assert again.returncode == 0
    assert list(stored(s3, bucket)) == ["slides/scanner-1/large.czi"]
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket)


@pytest.mark.usefixtures("aws")
def test_a_folder_of_the_settings_file_that_is_not_there_is_told_with_its_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "labsight.toml"
    config.write_text(
        "[archive]\nbucket = 'archive'\n[folder]\nsource = 'scanner-1'\npath = 'none'\n",
        encoding="utf-8",
    )
    assert cli.main(["sync", "--config", str(config)]) == 2
    told = f"labsight: {config}, line 5: folder.path: {tmp_path / 'none'} does not exist; give the"
    assert capsys.readouterr().err.startswith(told)


def test_a_folder_that_is_away_is_remembered_where_it_was_there_before(
    folder: Path, s3_address: str, s3: "S3Client", bucket: str, tmp_path: Path
) -> None:
    write(folder / "a.svs", tiff())
    place = tmp_path / "j.sqlite"
    arguments = ["sync", str(folder), "--bucket", bucket, "--source", "scanner-1"]
    arguments += ["--endpoint-url", s3_address, "--journal", str(place)]
    assert cli.main(arguments) == 0
    (folder / "a.svs").unlink()
    folder.rmdir()
    assert cli.main(arguments) == 2
    journal = open_journal(folder, place, bucket=bucket, endpoint=s3_address)
    assert "does not exist" in latest(journal)[0].trouble
    journal.close()
    never = [*arguments[:-1], str(tmp_path / "never.sqlite")]
    assert cli.main(never) == 2
    assert not (tmp_path / "never.sqlite").exists()
    assert list(stored(s3, bucket)) == ["slides/scanner-1/a.svs"]
