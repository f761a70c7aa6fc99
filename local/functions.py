"""Runs the declared functions: each unpacked, in processes of its own, with its own environment."""

import os
import queue
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from local import archives
from local.database_resources import redirected
from local.declared import FUNCTION, Resource
from local.errors import FunctionFailed, UnknownDeclaration
from local.moto_server import Cloud
from local.process import Function, Log, Worker

LAMBDA_DEFAULTS = {"timeout": 3, "memorySize": 128}


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What functions reach beside the embedded AWS, as far as there is any of it.

    ``database`` is the folder with PostgreSQL's socket, ``functions`` the endpoint for calling
    other functions.
    """

    database: Path | None = None
    functions: str | None = None


def unpack(
    declared: Resource,
    cloud: Cloud,
    program: Path,
    place: Path,
    around: Surroundings = Surroundings(),
) -> Function:
    """Unpack a declared function under ``place`` and give it the environment it has in Lambda."""
    inputs = {**LAMBDA_DEFAULTS, **declared.inputs}
    root, scratch = place / declared.name / "task", place / declared.name / "tmp"
    if "handler" not in inputs:
        raise UnknownDeclaration(
            f"function {declared.name}: it has no handler; local mode runs no container images"
        )
    try:
        archives.unpack(inputs.get("code"), root, program)
    except UnknownDeclaration as error:
        raise UnknownDeclaration(f"function {declared.name}: {error.message}") from None
    scratch.mkdir()
    given_by_lambda = {
        **cloud.environment,
        **({"AWS_ENDPOINT_URL_LAMBDA": around.functions} if around.functions else {}),
        "AWS_LAMBDA_FUNCTION_NAME": declared.outputs["name"],
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(inputs["memorySize"]),
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{declared.outputs['name']}",
        "AWS_LAMBDA_LOG_STREAM_NAME": "local",
        "_HANDLER": inputs["handler"],
        "LAMBDA_TASK_ROOT": str(root),
        "PYTHONPATH": str(root),
        "PATH": os.defpath,
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "TMPDIR": str(scratch),
    }
    variables = (inputs.get("environment") or {}).get("variables", {})
    variables = mounted(variables, inputs.get("fileSystemConfig"), place)
    return Function(
        name=declared.name,
        arn=declared.outputs["arn"],
        handler=inputs["handler"],
        folder=root,
        environment={**redirected(variables, around.database), **given_by_lambda},
        seconds=float(inputs["timeout"]),
    )


def mounted(
    variables: Mapping[str, str], mount: Mapping[str, str] | None, place: Path
) -> dict[str, str]:
    """Return the variables with paths into a mounted file system leading to a folder here.

    Functions that mount the same access point share the folder.
    """
    if mount is None:
        return dict(variables)
    folder = place / "mounts" / mount["arn"].rpartition("/")[2].rpartition(":")[2]
    folder.mkdir(parents=True, exist_ok=True)
    there = mount["localMountPath"]
    return {
        name: f"{folder}{value.removeprefix(there)}"
        if value == there or value.startswith(f"{there}/")
        else value
        for name, value in variables.items()
    }


class Pool:
    """The processes of one function: more are started while all are busy, up to ``size``."""

    def __init__(self, function: Function, log: Log) -> None:
        self.function = function
        self.size = 1
        self._log = log
        self._idle: queue.SimpleQueue[Worker] = queue.SimpleQueue()
        self._first = Worker(function, log)
        self._workers = [self._first]
        self._lock = threading.Lock()
        self._stopping = threading.Event()

    def launch(self) -> None:
        """Start the first process and do not wait for it."""
        self._first.launch()

    def wait_ready(self) -> None:
        """Wait for the first process; raise FunctionFailed when it cannot start."""
        self._first.wait_ready()
        self._idle.put(self._first)

    def invoke(self, event: Any) -> Any:
        """Return what the function answers to an event; raise FunctionFailed."""
        worker = self._take()
        try:
            if self._stopping.is_set():
                raise FunctionFailed(f"{self.function.name}: stopping", kind="Runtime.ExitError")
            return worker.call(event)
        finally:
            self._idle.put(worker)

    def stop(self) -> None:
        """End all processes, in the middle of an event too, and wait for them."""
        with self._lock:
            self._stopping.set()
        for worker in self._workers:
            worker.end()
        for worker in self._workers:
            worker.stop()

    def _take(self) -> Worker:
        try:
            return self._idle.get_nowait()
        except queue.Empty:
            self._grow()
            return self._idle.get()

    def _grow(self) -> None:
        with self._lock:
            if self._stopping.is_set() or len(self._workers) >= self.size:
                return
            worker = Worker(self.function, self._log)
            self._workers.append(worker)
        threading.Thread(target=self._add, args=(worker,), daemon=True).start()

    def _add(self, worker: Worker) -> None:
        try:
            worker.launch()
            worker.wait_ready()
        except FunctionFailed as error:
            if not self._stopping.is_set():
                self._log(f"{error}; the next event starts it again")
        finally:
            self._idle.put(worker)


class Fleet:
    """All functions of a program, each started as soon as it is declared."""

    def __init__(self, cloud: Cloud, program: Path, place: Path, log: Log) -> None:
        self.pools: dict[str, Pool] = {}
        self.around = Surroundings()
        self._cloud = cloud
        self._program = program
        self._place = place
        self._log = log
        self._broken: list[str] = []
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for pool in self.pools.values():
            pool.stop()

    def launch(self, made: Resource) -> None:
        """Unpack and start a function that was declared; other resources are of no concern."""
        if made.type != FUNCTION:
            return
        function = unpack(made, self._cloud, self._program, self._place, self.around)
        missing = missing_handler(function)
        with self._lock:
            if missing:
                self._broken.append(missing)
                return
            pool = self.pools[function.arn] = Pool(function, self._log)
        pool.launch()

    def wait_ready(self) -> list[str]:
        """Wait for all functions; return a sentence for each that did not start."""
        for pool in self.pools.values():
            try:
                pool.wait_ready()
            except FunctionFailed as error:
                self._broken.append(f"{error} (when it started)")
        return self._broken


def missing_handler(function: Function) -> str | None:
    """Say that the handler's module is not in the function's archive, if so."""
    module = function.handler.replace("/", ".").rpartition(".")[0]
    path = function.folder.joinpath(*module.split("."))
    if module and (path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()):
        return None
    return (
        f"function {function.name}: its handler is {function.handler!r}, but its archive has no "
        f"{'/'.join(module.split('.'))}.py"
    )
