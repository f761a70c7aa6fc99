"""`python -m local` as a person meets it: what it prints, how it ends, what it leaves behind."""

import gc
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from local.__main__ import ENDINGS, main
from local.client import Client

from .conftest import TINY

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Give signals and account settings of this process back."""
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, os.devnull)
    handlers = {ending: signal.getsignal(ending) for ending in ENDINGS}
    yield
    for ending, handler in handlers.items():
        signal.signal(ending, handler)


@contextmanager
def started(temporary: Path) -> Iterator[subprocess.Popen[str]]:
    """Run the tiny program on a free port, with all temporary files in one folder."""
    with subprocess.Popen(
        [sys.executable, "-m", "local", "--port", "0", "--program", str(TINY)],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(temporary)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def lines_until(process: subprocess.Popen[str], words: str) -> str:
    said = ""
    for line in process.stdout or ():
        said += line
        if words in line:
            return said
    raise AssertionError(f"{words!r} was not said:\n{said}")


def database_of(parent: int) -> str:
    """Return the folder of the database that a process started."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_text()
            of = re.search(r"^PPid:\s+(\d+)$", (folder / "status").read_text(), re.MULTILINE)
        except OSError:  # it ended meanwhile
            continue
        place = re.search(r"/tmp/labsight-db-\w+", command)
        if place and of and int(of[1]) == parent:
            return place[0]
    raise AssertionError(f"process {parent} has no database")


def is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_platform_tells_what_it_does_and_leaves_nothing_after_ctrl_c(tmp_path: Path) -> None:
    with started(tmp_path) as process:
        said = lines_until(process, "ready after")
        address = re.findall(r"http://127\.0\.0\.1:\d+", said)[-1]
        with closing(Client(address)) as client:
            worker = client.get_json("/api/any")["process"]
        database = database_of(process.pid)
        server = int((Path(database) / "data" / "postmaster.pid").read_text().splitlines()[0])
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
    assert not is_running(worker)
    assert not is_running(server)
    assert not Path(database).exists()
    assert list(tmp_path.iterdir()) == []
    for step in ("database", "program", "functions", "migration", "serving"):
        assert re.search(rf"^  {step} .* \d+\.\d s$", said, re.MULTILINE), step
    assert "RDS: PostgreSQL in a temporary folder" in said
    assert "tiny:functions.packages = none" in said
    assert "tiny:edge.signingKey = (a key)" in said
    assert "PRIVATE KEY" not in said
    assert "denial 'TlsOnly' has a condition and is not enforced here" in said


def test_ctrl_c_before_everything_is_up_is_an_interruption(tmp_path: Path) -> None:
    with started(tmp_path) as process:
        lines_until(process, "labsight on this machine")
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=30)[0]
    assert process.returncode == 130
    assert "Traceback" not in said
    assert list(tmp_path.iterdir()) == []


def test_a_taken_port_is_named_before_anything_starts(capfd: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["--port", str(port), "--program", str(TINY)]) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert err.startswith(f"labsight: port {port} on 127.0.0.1: address already in use")
    assert f"make demo PORT={port + 1}" in err


@pytest.mark.parametrize("port", ["-1", "65536", "http"])
def test_a_port_that_is_none_is_refused(capsys: pytest.CaptureFixture[str], port: str) -> None:
    with pytest.raises(SystemExit) as refused:
        main([f"--port={port}"])
    assert refused.value.code == 2
    assert "a port is a number up to 65535" in capsys.readouterr().err


def test_a_folder_of_slides_that_is_missing_is_named(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["--port", "0", "--slides", "no/such/folder"]) == 2
    assert capfd.readouterr().err == (
        "labsight: --slides no/such/folder: there is no such folder\n"
    )


def test_a_stack_without_a_file_is_named(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["--port", "0", "--program", str(TINY), "--stack", "prod"]) == 2
    assert "stacks with a file: dev" in capfd.readouterr().err


def test_a_program_that_cannot_run_is_told_without_a_traceback(
    capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    broken = shutil.copytree(TINY, tmp_path / "broken")
    (broken / "Pulumi.dev.yaml").write_text("config: {tiny:tries: 2, tiny:fault: unknown type}\n")
    assert main(["--port", "0", "--program", str(broken)]) == 1
    gc.collect()  # tasks that failed with the program are not to speak up later
    err = capfd.readouterr().err
    assert err.startswith("labsight: aws:iam/group:Group 'people': local mode does not know")
    assert "Traceback" not in err
