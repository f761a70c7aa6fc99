"""One running copy of a function: a process that takes events and gives answers, one line each.

Started by path, not as part of a package, because its import path has to be the function's own.
Imports the handler, says so, then answers until its input ends. What the handler prints goes to the
log, not into the answers.
"""

import importlib
import json
import logging
import os
import sys
import sysconfig
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, BinaryIO

Handler = Callable[[Any, Any], Any]


@dataclass(frozen=True)
class Context:
    """What Lambda tells a handler about its invocation."""

    aws_request_id: str
    deadline: float
    function_name: str = os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "")
    function_version: str = os.environ.get("AWS_LAMBDA_FUNCTION_VERSION", "")
    memory_limit_in_mb: str = os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "")
    log_group_name: str = os.environ.get("AWS_LAMBDA_LOG_GROUP_NAME", "")
    log_stream_name: str = os.environ.get("AWS_LAMBDA_LOG_STREAM_NAME", "")
    invoked_function_arn: str = ""

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds until this process is killed."""
        return max(0, round((self.deadline - time.monotonic()) * 1000))


def main(handler_name: str) -> int:
    """Serve one function until the input ends."""
    requests, answers = _claim_pipes()
    # Lambda gives the root logger a handler as well; the level is the function's to set.
    logging.basicConfig(format="%(levelname)s %(name)s: %(message)s")
    _keep_to_declared_code(os.environ["LAMBDA_TASK_ROOT"])
    try:
        handler = _load(handler_name)
    except (Exception, SystemExit) as error:  # noqa: BLE001  whatever it is, it is the answer
        _write(answers, _described(error))
        return 1
    _write(answers, {"ready": True})
    for line in requests:
        _write(answers, _answer(handler, json.loads(line)))
    return 0


def _claim_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Take stdin and stdout away from the handler, also from code below Python."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    return requests, answers


def _keep_to_declared_code(task_root: str) -> None:
    """Leave the archive, Python and its installed packages on the import path, nothing else.

    A project installed for development puts its source there too; a function that misses a file in
    its archive would find it here and not in AWS.
    """
    paths = sysconfig.get_paths()
    installed = tuple(paths[kind] for kind in ("stdlib", "platstdlib", "purelib", "platlib"))
    sys.path[:] = [p for p in sys.path if p == task_root or p.startswith(installed)]


def _load(handler_name: str) -> Handler:
    module_name, _, function = handler_name.replace("/", ".").rpartition(".")
    module = importlib.import_module(module_name)
    try:
        handler: Handler = getattr(module, function)
    except AttributeError:
        raise LookupError(f"{module_name} has no {function!r}, which the handler names") from None
    return handler


def _answer(handler: Handler, request: dict[str, Any]) -> dict[str, Any]:
    context = Context(
        request["id"],
        time.monotonic() + request["seconds"],
        invoked_function_arn=request["arn"],
    )
    try:
        value = handler(request["event"], context)
        json.dumps(value)
    except (Exception, SystemExit) as error:  # noqa: BLE001  whatever it is, it is the answer
        return _described(error)
    return {"value": value}


def _described(error: BaseException) -> dict[str, Any]:
    """Log the error in full, as Lambda does, and return its kind and message."""
    traceback.print_exception(error)
    return {"error": {"kind": type(error).__name__, "message": str(error)}}


def _write(answers: BinaryIO, answer: dict[str, Any]) -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    answers.write(json.dumps(answer).encode() + b"\n")
    answers.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
