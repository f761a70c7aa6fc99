"""What happened, kept for years: one JSON line an event, in files that take turns.

A log never stops the work that it tells of: a full disk, or a folder that is gone, costs events and
is told once on standard error.
"""

import contextlib
import json
import logging
import math
import os
import stat
import sys
from collections.abc import Mapping
from datetime import datetime
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import TextIO

from labsight_lab.text import shown

LARGEST = 10_000_000  # bytes of one file
KEPT = 5  # full files beside it
LONGEST = 2000  # characters of one text in an event

Field = str | int | float | Path | None


class EventLog:
    """Notes events in a file."""

    def __init__(self, logger: logging.Logger) -> None:
        self._logger = logger

    def note(self, event: str, /, *, level: int = logging.INFO, **fields: Field) -> None:
        """Note one event, such as ``sent``, with what there is to say of it; raise nothing.

        ``path``, ``key``, ``bytes``, ``seconds`` and ``reason`` are what readers look for. Texts
        are made printable, long ones are cut; what is None is left out.
        """
        clean = {name: _harmless(value) for name, value in fields.items() if value is not None}
        # Made here, as the logger would look up which line of which file calls it.
        record = logging.LogRecord(self._logger.name, level, "", 0, "%s", (_harmless(event),), None)
        record.fields = clean
        self._logger.handle(record)

    def close(self) -> None:
        """Close the file."""
        for handler in list(self._logger.handlers):
            self._logger.removeHandler(handler)
            handler.close()


def open_log(
    folder: Path,
    name: str,
    *,
    largest: int = LARGEST,
    kept: int = KEPT,
    stderr: TextIO | None = None,
) -> EventLog:
    """Return the log ``NAME.jsonl`` in ``folder``, which is made when the first event comes.

    A file that has reached ``largest`` bytes becomes ``NAME.jsonl.1``, and so on up to ``kept``.
    That events are missing is told on ``stderr``, which is that of the process when it is None; a
    program without a console has none.
    """
    # Registered nowhere, so that no other part of the process writes here, or hears names.
    logger = logging.Logger(name)  # noqa: LOG001
    file = _EventFile(folder / f"{name}.jsonl", largest, kept, stderr or sys.stderr)
    file.setFormatter(_JsonLine())
    logger.addHandler(file)
    return EventLog(logger)


class _EventFile(RotatingFileHandler):
    """A file that is made with its folder, replaced when it is full, and made anew when lost."""

    def __init__(self, path: Path, largest: int, kept: int, told_on: TextIO | None) -> None:
        self._told_on = told_on
        super().__init__(path, maxBytes=largest, backupCount=kept, encoding="utf-8", delay=True)

    def _open(self) -> TextIOWrapper:
        # Names can tell of patients: the folder and the file are for this user alone.
        Path(self.baseFilename).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self.baseFilename, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        stream = open(descriptor, "a", encoding="utf-8", newline="\n")  # noqa: PTH123, SIM115
        if os.fstat(descriptor).st_size:
            os.lseek(descriptor, -1, os.SEEK_END)
            if os.read(descriptor, 1) != b"\n":
                stream.write("\n")  # a full disk or a power cut ended the last line
        return stream

    def shouldRollover(self, record: logging.LogRecord) -> bool:  # noqa: ARG002, N802 - logging's
        """Say whether the file is full; leave one that somebody has removed."""
        if self.stream is None:
            self.stream = self._open()
        status = os.fstat(self.stream.fileno())
        if status.st_nlink == 0:
            self._drop_stream()
            return False
        return stat.S_ISREG(status.st_mode) and status.st_size >= self.maxBytes

    def doRollover(self) -> None:  # noqa: N802 - logging's
        """Move the files on, or go on in the full one while another program keeps it from that.

        On Windows a file that is being read cannot be renamed. It is the first to be moved, so
        that the others stay where they are if it cannot be.
        """
        self._drop_stream()
        try:
            os.replace(self.baseFilename, f"{self.baseFilename}.0")  # noqa: PTH105 - a str
        except OSError:
            return
        for number in range(self.backupCount, 0, -1):
            with contextlib.suppress(OSError):
                os.replace(  # noqa: PTH105
                    f"{self.baseFilename}.{number - 1}", f"{self.baseFilename}.{number}"
                )

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: ARG002, N802 - logging's
        """Tell the first failure; the next event is tried with the file opened anew."""
        reason = sys.exc_info()[1]
        self._drop_stream()
        told_on, self._told_on = self._told_on, None
        if told_on is not None:
            why = getattr(reason, "strerror", None) or reason
            with contextlib.suppress(OSError, ValueError):
                told_on.write(
                    f"labsight: events are missing in the log {shown(self.baseFilename)}: {why}; "
                    "the work goes on\n"
                )
                told_on.flush()

    def _drop_stream(self) -> None:
        stream, self.stream = self.stream, None
        if stream is not None:
            with contextlib.suppress(OSError, ValueError):
                stream.close()  # it may still hold what did not fit on the disk


class _JsonLine(logging.Formatter):
    """``{"time": "2025-03-03T14:05:09.123+01:00", "level": "info", "event": "sent", ...}``."""

    def format(self, record: logging.LogRecord) -> str:
        told = {
            "time": _moment(record).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
        }
        return json.dumps({**told, **_fields(record)}, ensure_ascii=False)


def _moment(record: logging.LogRecord) -> datetime:
    return datetime.fromtimestamp(record.created).astimezone()


def _fields(record: logging.LogRecord) -> Mapping[str, str | int | float]:
    found: Mapping[str, str | int | float] = record.__dict__["fields"]
    return found


def _harmless(value: Field) -> str | int | float:
    """Return what no terminal acts upon, what is UTF-8, and what JSON can hold."""
    if isinstance(value, int) or (isinstance(value, float) and math.isfinite(value)):
        return value
    text = str(value)
    if len(text) <= LONGEST and text.isprintable():
        return text
    return shown(text[:LONGEST]) + ("..." if len(text) > LONGEST else "")
