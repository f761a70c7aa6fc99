"""`labsight init` as it is run: in a terminal, then the commands that read what it wrote."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from labsight_lab import cli
from labsight_lab.settings.reading import read
from tests.lab.support import tiff, write
from tests.support.s3_server import S3, serving

LABSIGHT = [sys.executable, "-m", "labsight_lab"]


@pytest.fixture
def s3() -> Iterator[S3]:
    with serving("archive") as server:
        yield server


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path / "slides" / "a.svs", tiff())
    return tmp_path / "slides"


@pytest.mark.usefixtures("aws")
def test_what_it_writes_is_all_that_the_other_commands_need(
    folder: Path, s3: S3, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = ["--folder", str(folder), "--source", "scanner-1", "--bucket", "archive"]
    assert cli.main(["init", "--yes", *answers, "--endpoint-url", s3.url]) == 0
    said = capsys.readouterr().out
    for line in ("ok  folder", "ok  credentials", "ok  bucket", "ok  clock", "ok  rights"):
        assert line in said
    assert "a sync would send 1 file" in said
    assert s3.objects("archive") == {}
    assert cli.main(["sync"]) == 0
    assert s3.read("archive", "slides/scanner-1/a.svs") == tiff()


@pytest.mark.usefixtures("aws")
def test_the_trial_is_repeated_without_a_terminal(
    folder: Path, s3: S3, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = ["--folder", str(folder), "--source", "scanner-1", "--bucket", "archive"]
    assert cli.main(["init", "--yes", "--no-test", *answers, "--endpoint-url", s3.url]) == 0
    assert "rights" not in capsys.readouterr().out
    assert cli.main(["init", "--test"]) == 0
    assert "ok  rights" in capsys.readouterr().out


@pytest.mark.usefixtures("aws")
def test_what_does_not_work_is_told_and_ends_with_1(
    folder: Path, s3: S3, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = ["--folder", str(folder), "--source", "scanner-1", "--bucket", "archives"]
    assert cli.main(["init", "--yes", *answers, "--endpoint-url", s3.url]) == 1
    said = capsys.readouterr().out
    assert "NO  rights" in said
    assert "there is no bucket 'archives'" in said
    assert "something does not work yet" in said


def test_without_a_terminal_it_does_not_wait(tmp_path: Path) -> None:
    answer = subprocess.run(
        [*LABSIGHT, "init", "--config", str(tmp_path / "labsight.toml")],
        check=False,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert answer.returncode == 2
    assert "give --folder, --source, --bucket and --yes" in answer.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals of this kind")
def test_in_a_terminal_it_asks(folder: Path, tmp_path: Path) -> None:
    import pty  # noqa: PLC0415 - not there on Windows

    ours, theirs = pty.openpty()
    file = tmp_path / "labsight.toml"
    run = subprocess.Popen(
        [*LABSIGHT, "init", "--no-test", "--config", str(file)],
        stdin=theirs,
        stdout=subprocess.PIPE,
        text=True,
    )
    os.close(theirs)
    answers = [str(folder), "scanner-1", "s3://archive", "archive", "", "", "10s", "", "", "y"]
    os.write(ours, "".join(f"{answer}\n" for answer in answers).encode())
    said, _ = run.communicate(timeout=60)
    os.close(ours)
    assert run.returncode == 0
    assert "The archive's bucket" in said
    assert "give the name of a bucket alone" in said
    settings = read(file)
    assert (settings.archive.bucket, settings.folder.quiet_period) == ("archive", 10)
    assert (settings.folder.path, settings.folder.source) == (folder, "scanner-1")
