"""`labsight desktop connect` and `stage-tools` as a person types them."""

import os
import signal
import subprocess
import sys
import time
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from labsight_lab import cli
from labsight_lab.desktop import stage, tools
from tests.support.machines import run_machine
from tests.support.ports import free_port

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

CLI, QUPATH = "AWSCLIV2.msi", "QuPath-v0.6.0-Windows.zip"
DCV, LINUX_QUPATH = "nice-dcv-2025.0-20103-amzn2023-x86_64.tgz", "QuPath-v0.6.0-Linux.tar.xz"
_stacks = count(1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "installers"
    made.mkdir()
    return made


@pytest.fixture
def staging(bucket: str, s3_address: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3_address)
    return bucket


def send(folder: Path, bucket: str) -> int:
    return cli.main(["desktop", "stage-tools", str(folder), "--bucket", bucket])


def listed(s3: "S3Client", bucket: str) -> dict[str, tools.Staged]:
    data = s3.get_object(Bucket=bucket, Key=tools.MANIFEST)["Body"].read()
    return {f"{one.kind}/{one.name}": one for one in tools.read(data)}


def keys(s3: "S3Client", bucket: str) -> set[str]:
    return {one["Key"] for one in s3.list_objects_v2(Bucket=bucket).get("Contents", ())}


def test_installers_arrive_under_their_hash_and_the_list_names_them(
    folder: Path, staging: str, s3: "S3Client"
) -> None:
    (folder / CLI).write_bytes(b"cli")
    (folder / QUPATH).write_bytes(b"qupath")
    (folder / ".DS_Store").write_bytes(b"")
    assert send(folder, staging) == 0
    found = listed(s3, staging)
    assert found.keys() == {"windows/aws-cli", "windows/qupath"}
    entry = found["windows/qupath"]
    assert entry.key == f"tools/{entry.sha256[:16]}/{QUPATH}"
    assert s3.get_object(Bucket=staging, Key=entry.key)["Body"].read() == b"qupath"


def test_repeating_it_sends_nothing(
    folder: Path, staging: str, s3: "S3Client", capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / CLI).write_bytes(b"cli")
    (folder / QUPATH).write_bytes(b"qupath")
    send(folder, staging)
    before = s3.get_object(Bucket=staging, Key=tools.MANIFEST)["LastModified"]
    capsys.readouterr()
    assert send(folder, staging) == 0
    assert "sending" not in capsys.readouterr().err
    assert s3.get_object(Bucket=staging, Key=tools.MANIFEST)["LastModified"] == before


def test_a_new_version_takes_the_place_of_the_old_and_leaves_the_rest(
    folder: Path, staging: str, s3: "S3Client"
) -> None:
    (folder / CLI).write_bytes(b"cli")
    (folder / QUPATH).write_bytes(b"qupath")
    send(folder, staging)
    (folder / CLI).unlink()
    (folder / QUPATH).unlink()
    (folder / "QuPath-v0.7.0-Windows.msi").write_bytes(b"newer")
    assert send(folder, staging) == 0
    found = listed(s3, staging)
    assert found["windows/qupath"].file == "QuPath-v0.7.0-Windows.msi"
    assert found["windows/aws-cli"].file == CLI


def test_stopped_in_between_the_list_still_names_only_what_is_there(
    folder: Path,
    staging: str,
    s3: "S3Client",
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (folder / DCV).write_bytes(b"dcv")
    (folder / LINUX_QUPATH).write_bytes(b"qupath")
    upload = stage.Stage._upload
    sent: list[str] = []

    def interrupted(self: stage.Stage, file: Path, entry: tools.Staged) -> None:
        if sent:
            raise KeyboardInterrupt
        upload(self, file, entry)
        sent.append(entry.key)

    monkeypatch.setattr(stage.Stage, "_upload", interrupted)
    assert send(folder, staging) == 130
    assert "run it again: it sends only what is not there yet" in capsys.readouterr().err
    assert keys(s3, staging) == set(sent)
    monkeypatch.setattr(stage.Stage, "_upload", upload)
    assert send(folder, staging) == 0
    assert listed(s3, staging).keys() == {"linux-dcv/dcv", "linux-dcv/qupath"}


def test_what_is_still_missing_is_told_with_its_source(
    folder: Path, staging: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / QUPATH).write_bytes(b"qupath")
    assert send(folder, staging) == 1
    said = capsys.readouterr().err
    assert "windows: AWSCLIV2.msi from https://awscli.amazonaws.com/AWSCLIV2.msi" in said
    assert "linux" not in said


@pytest.mark.parametrize("name", ["setup.exe", "QuPath-v0.6.0-Mac.pkg", "AWSCLIV2.msi.part"])
def test_another_file_is_refused_before_anything_is_sent(
    folder: Path, staging: str, s3: "S3Client", name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / CLI).write_bytes(b"cli")
    (folder / name).write_bytes(b"other")
    assert send(folder, staging) == 2
    said = capsys.readouterr().err
    assert f"{name} is nothing that a workstation installs" in said
    assert "nice-dcv-amzn2023-x86_64.tgz" in said
    assert keys(s3, staging) == set()


def test_two_files_of_one_tool_are_refused(
    folder: Path, staging: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / QUPATH).write_bytes(b"a")
    (folder / "QuPath-v0.7.0-Windows.msi").write_bytes(b"b")
    assert send(folder, staging) == 2
    assert "are both qupath for windows; leave the one that is wanted" in capsys.readouterr().err


@pytest.mark.parametrize("made", [True, False])
def test_a_folder_without_installers_is_refused(
    tmp_path: Path, staging: str, made: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    empty = tmp_path / "empty"
    if made:
        empty.mkdir()
    assert send(empty, staging) == 2
    assert ("is empty" if made else "does not exist") in capsys.readouterr().err


def test_an_empty_installer_is_refused(
    folder: Path, staging: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / CLI).write_bytes(b"")
    assert send(folder, staging) == 2
    assert "is empty; download it again" in capsys.readouterr().err


@pytest.mark.parametrize(
    "damaged",
    [
        b"{",
        b"[]",
        b'{"tools": [{"kind": "windows"}]}',
        b'{"tools":[{"kind":"","name": "q", "file": "q", "sha256": "..", "bytes": 1, "key": ""}]}',
    ],
)
def test_a_damaged_list_is_told_and_not_written_over(
    folder: Path,
    staging: str,
    s3: "S3Client",
    damaged: bytes,
    capsys: pytest.CaptureFixture[str],
) -> None:
    s3.put_object(Bucket=staging, Key=tools.MANIFEST, Body=damaged)
    (folder / CLI).write_bytes(b"cli")
    assert send(folder, staging) == 2
    assert "is damaged" in capsys.readouterr().err
    assert s3.get_object(Bucket=staging, Key=tools.MANIFEST)["Body"].read() == damaged


def test_a_bucket_that_is_not_there_is_told(
    folder: Path,
    staging: str,  # noqa: ARG001 - the address
    capsys: pytest.CaptureFixture[str],
) -> None:
    (folder / CLI).write_bytes(b"cli")
    assert send(folder, "no-such-bucket-here") == 1
    assert "there is no bucket 'no-such-bucket-here'" in capsys.readouterr().err


def desktop(s3_address: str, **tags: str) -> tuple[str, str]:
    stack = f"typed-{next(_stacks)}"
    given = {"part": "desktop", "stack": stack} | tags
    client: Any = boto3.client("ec2", endpoint_url=s3_address)
    machine = run_machine(client, **given)
    client.close()
    return stack, machine


def test_the_desktop_names_the_archive_when_nobody_else_does(
    folder: Path, staging: str, s3: "S3Client", s3_address: str
) -> None:
    stack, _ = desktop(s3_address, bucket=staging)
    (folder / CLI).write_bytes(b"cli")
    (folder / QUPATH).write_bytes(b"qupath")
    assert cli.main(["desktop", "stage-tools", str(folder), "--stack", stack]) == 0
    assert tools.MANIFEST in keys(s3, staging)


@pytest.mark.skipif(os.name != "posix", reason="the stand-in is a script")
class TestConnect:
    @pytest.fixture
    def program(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """An AWS CLI that notes what it was asked for and holds on."""
        folder = tmp_path / "bin"
        folder.mkdir()
        file = folder / "aws"
        file.write_text(
            '#!/bin/sh\nif [ "$1" = --version ]; then echo aws-cli/2.31.4; exit; fi\n'
            f'echo "$@" > {folder}/asked.new\n/bin/mv {folder}/asked.new {folder}/asked\n'
            "exec /bin/cat\n"
        )
        file.chmod(0o755)
        monkeypatch.setenv("PATH", str(folder))
        return folder / "asked"

    def test_a_key_does_not_open_a_windows_desktop(
        self, staging: str, s3_address: str, program: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        stack, machine = desktop(s3_address)
        assert cli.main(["desktop", "connect", "--stack", stack, "--key", __file__]) == 2
        assert f"--key: {machine} is a Windows desktop" in capsys.readouterr().err
        assert staging
        assert not program.exists()

    def test_a_desktop_that_is_off_is_not_waited_for(
        self, staging: str, s3_address: str, program: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        stack, machine = desktop(s3_address)
        cli.main(["desktop", "stop", "--stack", stack])
        assert cli.main(["desktop", "connect", "--stack", stack]) == 1
        said = capsys.readouterr().err
        assert f"{machine} is stopped; start it, or connect with --start" in said
        assert staging
        assert not program.exists()

    def test_it_starts_the_desktop_holds_the_tunnel_and_ends_with_ctrl_c(
        self, staging: str, s3_address: str, program: Path
    ) -> None:
        stack, machine = desktop(s3_address)
        cli.main(["desktop", "stop", "--stack", stack])
        assert staging
        port = str(free_port())
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "labsight_lab", "desktop", "connect", "--start"),
                *("--stack", stack, "--local-port", port),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        try:
            end = time.monotonic() + 60
            while not program.exists():
                assert time.monotonic() < end
                assert process.poll() is None, process.communicate()
                time.sleep(0.05)
            os.killpg(process.pid, signal.SIGINT)
            out, said = process.communicate(timeout=30)
        finally:
            process.kill()
        assert process.returncode == 130
        assert program.read_text().split() == [
            *("ec2-instance-connect", "open-tunnel", "--instance-id", machine),
            *("--remote-port", "3389", "--local-port", port, "--region", "us-east-1"),
        ]
        assert f"mstsc /v:localhost:{port}" in out
        assert "interrupted; the desktop goes on" in said
        assert "Traceback" not in said
