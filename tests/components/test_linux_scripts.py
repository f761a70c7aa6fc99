"""The Linux workstation's scripts, run with stand-ins for what only a real machine has."""

import hashlib
import io
import json
import os
import subprocess
import sys
import tarfile
import time
from pathlib import Path
from typing import Any

import pytest

from components.user_data.template import script

pytestmark = pytest.mark.skipif(os.name != "posix", reason="bash and GNU tools")

SECRET = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:password"


class Machine:
    """A folder that stands for a machine, and a log of what was called on it."""

    def __init__(self, root: Path) -> None:
        self.root, self.log = root, root / "calls"
        self.bucket = root / "bucket"
        for folder in ("bin", "bucket/tools", "lib", "etc/dcv", "share", "run", "mnt"):
            (root / folder).mkdir(parents=True)
        self.log.touch()
        self.settings = {
            "REGION": "eu-central-1",
            "BUCKET": "archive",
            "TOOLS": "tools/",
            "SLIDES": "slides/",
            "PASSWORD_SECRET": SECRET,
            "IDLE_MINUTES": "60",
            "VIEWER_MINUTES": "30",
        }
        for name in ("dnf", "systemctl", "mount-s3", "mountpoint", "logger"):
            self.program(name)
        self.program("mountpoint", "exit 1")
        self.program("systemctl", '[ "$1" != is-active ]')
        self.program("dcv", '[ "$1" != describe-session ]')
        self.program("nproc", "echo 4")
        self.program("chpasswd", f"cat >> {root}/passwords")
        # `aws s3 cp s3://archive/KEY FILE` and `put-secret-value --cli-input-json file://FILE`
        self.program(
            "aws",
            f'case "$3" in\n s3) cp "{root}/bucket/${{5#s3://archive/}}" "$6";;\n'
            f' secretsmanager) cat "${{6#file://}}" >> {root}/stored;;\nesac',
        )

    def program(self, name: str, does: str = "") -> None:
        file = self.root / "bin" / name
        file.write_text(f'#!/bin/bash\necho "{name} $*" >> {self.log}\n{does}\n')
        file.chmod(0o755)

    def run(self, name: str, **values: str) -> subprocess.CompletedProcess[str]:
        text = script(f"linux/{name}.sh", values)
        for path, place in (
            ("/usr/local/lib/labsight", "lib"),
            ("/usr/share/applications", "share"),
            ("/var/lib/labsight", "state"),
            ("/etc/dcv", "etc/dcv"),
            ("/usr/local/QuPath", "qupath"),
            ("/mnt/slides", "mnt"),
            ("/run/labsight", "run/labsight"),
            ("/proc/loadavg", "loadavg"),
        ):
            text = text.replace(path, f"{self.root}/{place}")
        lines = [f"{key}='{value}'" for key, value in self.settings.items()]
        (self.root / "lib" / "settings").write_text("\n".join(lines))
        return subprocess.run(
            ["/bin/bash", "-c", text],
            env={"PATH": f"{self.root}/bin:{Path(sys.executable).parent}:{os.environ['PATH']}"},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def stage(self, name: str, file: str, content: bytes, **changes: Any) -> dict[str, Any]:
        digest = hashlib.sha256(content).hexdigest()
        key = f"tools/{digest[:16]}/{file}"
        (self.bucket / key).parent.mkdir(exist_ok=True)
        (self.bucket / key).write_bytes(content)
        entry = {"kind": "linux-dcv", "name": name, "file": file, "key": key, "sha256": digest}
        return entry | changes

    def stage_all(self, **changes: Any) -> None:
        self.manifest(
            self.stage("dcv", "nice-dcv-amzn2023-x86_64.tgz", tar("nice-dcv-server-1.rpm")),
            self.stage("qupath", "QuPath-v0.6.0-Linux.tar.xz", tar("bin/QuPath"), **changes),
            {"kind": "windows", "name": "qupath", "file": "x", "key": "x", "sha256": "x"},
        )

    def manifest(self, *tools: dict[str, Any]) -> None:
        text = json.dumps({"version": 1, "tools": list(tools)})
        (self.bucket / "tools" / "manifest.json").write_text(text)

    def calls(self, name: str) -> list[str]:
        found = [line for line in self.log.read_text().splitlines() if line.startswith(f"{name} ")]
        self.log.write_text("")
        return found


def tar(name: str) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        member = tarfile.TarInfo(f"top/{name}")
        member.size = 4
        archive.addfile(member, io.BytesIO(b"text"))
    return out.getvalue()


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_everything_is_installed_once_however_often_it_runs(machine: Machine) -> None:
    machine.stage_all()
    first = machine.run("setup")
    assert first.returncode == 0, first.stderr
    assert (machine.root / "qupath" / "bin" / "QuPath").exists()
    assert (
        "web-listen-endpoints=['127.0.0.1:8443']" in (machine.root / "etc/dcv/dcv.conf").read_text()
    )
    log = machine.log.read_text()
    assert "nice-dcv-server-1.rpm" in log
    assert f"mount-s3 archive {machine.root}/mnt --prefix slides/ --read-only" in log
    assert "dcv create-session --type virtual --owner ec2-user --user ec2-user main" in log
    machine.calls("x")
    assert machine.run("setup").returncode == 0
    assert machine.calls("dnf") == []
    assert len((machine.root / "passwords").read_text().splitlines()) == 1


def test_the_password_that_is_stored_is_the_one_that_is_set(machine: Machine) -> None:
    machine.stage_all()
    run = machine.run("setup")
    stored = json.loads((machine.root / "stored").read_text())
    assert stored["SecretId"] == SECRET
    assert (machine.root / "passwords").read_text() == f"ec2-user:{stored['SecretString']}\n"
    assert stored["SecretString"] not in run.stdout + run.stderr + machine.log.read_text()
    assert stored["SecretString"] not in "".join(
        file.read_text(errors="replace")
        for file in (machine.root / "state").rglob("*")
        if file.is_file()
    )


def test_a_password_that_could_not_be_stored_is_not_set(machine: Machine) -> None:
    machine.stage_all()
    working = (machine.root / "bin" / "aws").read_text()
    machine.program("aws", working.partition("\n")[2].replace("cat", "false #"))
    assert machine.run("setup").returncode != 0
    assert not (machine.root / "passwords").exists()
    (machine.root / "bin" / "aws").write_text(working)
    assert machine.run("setup").returncode == 0
    assert (machine.root / "passwords").exists()


def test_bytes_with_another_hash_are_not_installed(machine: Machine) -> None:
    machine.stage_all(sha256="0" * 64)
    run = machine.run("setup")
    assert run.returncode != 0
    assert "FAILED" in run.stdout + run.stderr
    assert not (machine.root / "qupath").exists()
    assert not list((machine.root / "state" / "cache").glob("QuPath*"))


def test_what_is_not_staged_is_told_and_comes_later(machine: Machine) -> None:
    machine.manifest()
    run = machine.run("setup")
    assert run.returncode != 0
    assert "dcv is not staged; run: labsight desktop stage-tools" in run.stderr
    machine.stage_all()
    assert machine.run("setup").returncode == 0


def test_a_newer_qupath_takes_the_place_of_the_older(machine: Machine) -> None:
    machine.stage_all()
    machine.run("setup")
    machine.manifest(
        machine.stage("dcv", "nice-dcv-amzn2023-x86_64.tgz", tar("nice-dcv-server-1.rpm")),
        machine.stage("qupath", "QuPath-v0.7.0-Linux.tar.xz", tar("bin/QuPath-0.7")),
    )
    assert machine.run("setup").returncode == 0
    assert [file.name for file in (machine.root / "qupath" / "bin").iterdir()] == ["QuPath-0.7"]


def idle(machine: Machine, *, minutes: float, load: float = 0.0) -> bool:
    """Look at a machine that was last used some minutes ago; say whether it stops."""
    (machine.root / "loadavg").write_text(f"0.1 {load} 0.1 1/200 1234\n")
    mark = machine.root / "run" / "labsight-last-use"
    mark.touch()
    then = time.time() - minutes * 60
    os.utime(mark, (then, then))
    run = machine.run("idle", BUSY_PERCENT="20")
    assert run.returncode == 0, run.stderr
    return "systemctl poweroff" in machine.calls("systemctl")


@pytest.fixture
def quiet(machine: Machine) -> Machine:
    """A machine on which no setup runs, and to which nobody is connected."""
    machine.program("dcv", "echo '[]'")
    machine.program("systemctl", '[ "$1" = poweroff ]')
    return machine


def test_a_machine_that_nobody_uses_stops_after_the_other_half_of_its_time(quiet: Machine) -> None:
    assert not idle(quiet, minutes=28)
    assert idle(quiet, minutes=31)


def test_a_connection_keeps_it_on(quiet: Machine) -> None:
    quiet.program("dcv", "printf '[\\n {\\n  \"id\" : 1\\n }\\n]\\n'")
    assert not idle(quiet, minutes=600)


def test_work_without_anybody_there_keeps_it_on(quiet: Machine) -> None:
    assert not idle(quiet, minutes=600, load=0.9)
    assert idle(quiet, minutes=600, load=0.7)


def test_the_installation_keeps_it_on(quiet: Machine) -> None:
    quiet.program("systemctl", "exit 0")
    assert not idle(quiet, minutes=600)


def test_who_wants_it_on_gets_it_on(quiet: Machine) -> None:
    quiet.settings |= {"IDLE_MINUTES": "0", "VIEWER_MINUTES": "0"}
    assert not idle(quiet, minutes=60_000)
