"""How every end of a command is told."""

import json
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from labsight.errors import LabsightError, exit_code

# What the wheel's extra `lab` installs; the commands import it where they need it.
_LAB = {"awscrt", "boto3", "botocore", "cryptography", "pydantic", "watchfiles"}


def run_to_its_end(run: Callable[[], object], *, debug: bool) -> int:
    """Run a command and return its exit code; what it raises is told in one message.

    Being asked to terminate, as services are, is the same as Ctrl-C.
    """
    _prepare_streams()
    try:
        with _terminated_like_interrupted():
            run()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except KeyboardInterrupt:
        return 130
    except Exception as error:  # noqa: BLE001 - the last line before the user
        if debug:
            traceback.print_exc()
        code, message = _told(error)
        sys.stderr.write(f"labsight: {message}\n")
        return code
    return 0


class Report(Protocol):
    """What a command did, so far as it came."""

    interrupted: bool

    @property
    def exit_code(self) -> int:
        """What the command ends with when nothing stopped it."""
        ...

    @property
    def has_news(self) -> bool:
        """Whether it is worth telling although something stopped the command."""
        ...

    def document(self) -> dict[str, Any]:
        """Return it as JSON takes it."""
        ...

    def summary(self) -> str:
        """Return it as people read it."""
        ...


def run_and_report(run: Callable[[], object], report: Report, *, as_json: bool) -> int:
    """Do the work, tell the report, and return the exit code; raise what stopped the work."""
    failure: LabsightError | None = None
    try:
        run()
    except KeyboardInterrupt:
        report.interrupted = True
    except LabsightError as error:
        failure = error
    code = exit_code(failure) if failure else report.exit_code
    if as_json:
        told = {"error": failure.message if failure else None, "exit_code": code}
        sys.stdout.write(json.dumps(report.document() | told, indent=2) + "\n")
    elif failure is None or report.has_news:
        sys.stdout.write(report.summary() + "\n")
    sys.stdout.flush()
    if failure is not None:
        raise failure
    return code


def _prepare_streams() -> None:
    if sys.stdout is None:  # a Windows program without a console
        sys.stdout = sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        # A file name that the terminal's encoding lacks must not end the command.
        if reconfigure := getattr(stream, "reconfigure", None):
            reconfigure(errors="backslashreplace")


@contextmanager
def _terminated_like_interrupted() -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():  # signals are the main one's
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _told(error: Exception) -> tuple[int, str]:
    if isinstance(error, LabsightError):
        return exit_code(error), error.message
    lacking = (error.name or "") if isinstance(error, ModuleNotFoundError) else ""
    if lacking.partition(".")[0] in _LAB:
        return 2, (
            f"this needs {lacking}, which is not installed: install labsight's wheel with [lab]"
        )
    return 1, (
        f"unexpected {type(error).__name__}: {error}; "
        "`labsight --debug ...` shows where, please report it"
    )
