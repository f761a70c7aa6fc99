"""Starts, asks and ends processes; each is ended by its own number, also when something fails."""

import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from bench.folders import PEERS_PYTHON, ROOT, NotMeasured

TIMEOUT = 600.0  # seconds for one answer


@dataclass(frozen=True)
class Answer:
    """What a worker returned, and the seconds it took: CPU of the worker, and by the clock."""

    value: Any
    cpu: float
    wall: float


class Worker:
    """A process that runs bench.worker; a context manager, so that it always ends."""

    def __init__(self, target: str, *, peer: bool, **arguments: Any) -> None:
        self.name = f"{target}({', '.join(f'{k}={v}' for k, v in arguments.items())})"
        command = [python(peer=peer), "-m", "bench.worker", target, json.dumps(arguments)]
        self._process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def ask(self, do: str, **arguments: Any) -> Answer:
        """Let the worker do something; raise RuntimeError with what went wrong there."""
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        with suppress(BrokenPipeError):
            process.stdin.write(json.dumps({"do": do, "with": arguments}).encode() + b"\n")
            process.stdin.flush()
        ready, _, _ = select.select([process.stdout], [], [], TIMEOUT)
        line = process.stdout.readline() if ready else b""
        if not line:
            self.close()
            raise RuntimeError(f"{self.name} ended without an answer ({process.returncode})")
        answer = json.loads(line)
        if "error" in answer:
            raise RuntimeError(f"{self.name}: {answer['error']}")
        return Answer(answer["value"], answer["cpu"], answer["wall"])

    def close(self) -> None:
        """Let the worker end, and end it when it does not."""
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()


def python(*, peer: bool) -> str:
    """Return the interpreter that has labsight, or the peers."""
    if not peer:
        return sys.executable
    if not PEERS_PYTHON.exists():
        raise NotMeasured("the peers are not installed: run `make bench`, which does")
    return str(PEERS_PYTHON)


def environment() -> dict[str, str]:
    """Return the environment of a worker: without what an operator's settings would add.

    PYTHONDONTWRITEBYTECODE would have our modules, and only ours, compiled at each start.
    """
    settings = ("AWS_", "PYTHON")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(settings)}
    return kept | {"AWS_EC2_METADATA_DISABLED": "true"}


@contextmanager
def server(
    command: Sequence[str], *, log: Path, variables: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server with all that it starts as one group of processes, and end the group."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment() | dict(variables or {}),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            end(process)


def end(process: "subprocess.Popen[bytes]") -> None:
    """End the group that a process of ours leads."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def group_cpu(leader: int) -> float:
    """Return the CPU seconds that the living processes of a group have used (Linux: proc(5))."""
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError, IndexError, ValueError):
            fields = stat.read_text().rpartition(")")[2].split()  # from the third field on
            if int(fields[2]) == leader:
                ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Cost:
    """Seconds that a command took: CPU of it and all that it started, and by the clock.

    ``peak`` is the most memory that one of its processes had at a time, MB.
    """

    cpu: float
    wall: float
    peak: float


def run(command: Sequence[str], *, variables: Mapping[str, str] | None = None) -> Cost:
    """Run a command to its end; raise RuntimeError with its last words when it fails."""
    start = time.perf_counter()
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment() | dict(variables or {}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stderr is not None
    late = threading.Timer(TIMEOUT, os.killpg, (process.pid, signal.SIGKILL))
    late.start()
    try:
        words = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    finally:
        late.cancel()
        process.stderr.close()
        if process.returncode is None:
            end(process)
    if process.returncode:
        last = " ".join(words.decode(errors="replace").split())[-300:]
        raise RuntimeError(f"{' '.join(command)} failed ({process.returncode}): {last}")
    took = time.perf_counter() - start
    return Cost(usage.ru_utime + usage.ru_stime, took, usage.ru_maxrss * 1024 / 1e6)
