"""One process of a function: started, given an event at a time, ended."""

import contextlib
import json
import select
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal

from local.errors import FunctionFailed

WORKER = Path(__file__).with_name("worker.py")
START_SECONDS = 60.0  # Lambda gives 10, on machines that do nothing else meanwhile
MAX_PAYLOAD = 6 * 1024 * 1024  # bytes, of an event and of an answer in Lambda

Log = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Function:
    """A declared function, unpacked and ready to start."""

    name: str
    arn: str
    handler: str
    folder: Path
    environment: Mapping[str, str]
    seconds: float


class Worker:
    """One process that runs a function, one event at a time; started again after it ended."""

    def __init__(self, function: Function, log: Log) -> None:
        self.function = function
        self._log = log
        self._starting = threading.Lock()
        self._busy = threading.RLock()
        self._ended = False
        self._process: subprocess.Popen[bytes] | None = None
        self._pump: threading.Thread | None = None

    def launch(self) -> None:
        """Start the process; ``wait_ready`` says how that went."""
        with self._starting:
            if self._ended:
                raise FunctionFailed(f"{self.function.name}: stopping", kind="Runtime.ExitError")
            self._process = subprocess.Popen(
                [sys.executable, "-P", str(WORKER), self.function.handler],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=self.function.folder,
                env=dict(self.function.environment),
                process_group=0,  # Ctrl-C is for us; we stop our children ourselves
            )
        self._pump = threading.Thread(
            target=self._pass_on_log, args=(self._process.stderr,), daemon=True
        )
        self._pump.start()

    def wait_ready(self) -> None:
        """Wait until the handler is imported; raise FunctionFailed when it cannot be."""
        with self._busy:
            try:
                self._answer(START_SECONDS)
            except FunctionFailed:
                self._clear()
                raise

    def call(self, event: Any) -> Any:
        """Return what the handler answers; raise FunctionFailed with what befell it."""
        with self._busy:
            if self._process is None or self._process.poll() is not None:
                self._clear()
                self.launch()
                self.wait_ready()
            self._send(event)
            return self._answer(self.function.seconds)

    def end(self) -> None:
        """Kill the process for good; any thread may do so while another waits for the answer."""
        with self._starting:
            self._ended = True
            if self._process is not None:
                self._process.kill()

    def stop(self) -> None:
        """End the process for good and wait for it."""
        self.end()
        with self._busy:
            self._clear()

    def _clear(self) -> None:
        """End the process when there is one, and free what it held."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        if self._pump is not None:
            self._pump.join()
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):  # unsent rest of an event
                    pipe.close()

    def _send(self, event: Any) -> None:
        request = {
            "id": str(uuid.uuid4()),
            "arn": self.function.arn,
            "seconds": self.function.seconds,
            "event": event,
        }
        line = json.dumps(request).encode() + b"\n"
        if len(line) > MAX_PAYLOAD:
            size = f"an event of {len(line)} bytes; Lambda takes 6 MB"
            raise self._failure("RequestTooLarge", size)
        with contextlib.suppress(BrokenPipeError):  # it ended just now: its answer says how
            self._pipe("stdin").write(line)
            self._pipe("stdin").flush()

    def _answer(self, seconds: float) -> Any:
        """Read one line within ``seconds``; a process that gives none is ended."""
        answers = self._pipe("stdout")
        waiting = select.poll()
        waiting.register(answers, select.POLLIN)
        line = answers.readline() if waiting.poll(seconds * 1000) else None
        if line is None:
            self._clear()
            raise self._failure("Sandbox.Timedout", f"timed out after {seconds:g} s")
        if not line:
            status = self._pipe_owner().wait()
            self._clear()
            raise self._failure("Runtime.ExitError", f"the process ended with status {status}")
        if len(line) > MAX_PAYLOAD:
            size = f"an answer of {len(line)} bytes; Lambda gives 6 MB back"
            raise self._failure("Function.ResponseSizeTooLarge", size)
        answer = json.loads(line)
        if error := answer.get("error"):
            raise self._failure(error["kind"], error["message"])
        return answer.get("value")

    def _pipe_owner(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise self._failure("Runtime.ExitError", "the process is not running")
        return self._process

    def _pipe(self, name: Literal["stdin", "stdout"]) -> IO[bytes]:
        pipe: IO[bytes] = getattr(self._pipe_owner(), name)
        return pipe

    def _failure(self, kind: str, what: str) -> FunctionFailed:
        return FunctionFailed(f"function {self.function.name}: {kind}: {what}", kind=kind)

    def _pass_on_log(self, lines: IO[bytes]) -> None:
        for line in lines:
            self._log(f"{self.function.name} | {line.decode(errors='replace').rstrip()}")
