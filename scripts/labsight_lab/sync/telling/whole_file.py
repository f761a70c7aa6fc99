"""Files that are there as a whole, or not at all."""

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from labsight.errors import InvalidInput
from labsight_lab.text import shown

STANDARD_OUTPUT = Path("-")


@contextmanager
def whole_file(place: Path, encoding: str = "utf-8") -> Iterator[TextIO]:
    """Yield a file to write to, which takes the place of what is there once it is on disk.

    ``encoding`` is that of the file. ``-`` is standard output, in UTF-8 without a byte order mark:
    programs that read it would take that for a part of the first word. Raise InvalidInput for a
    place that cannot be written to.
    """
    if place == STANDARD_OUTPUT:
        with _standard_output() as out:
            yield out
        return
    beside = place.with_name(f".{place.name}.{os.getpid()}.new")
    try:
        with beside.open("w", encoding=encoding, newline="") as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        beside.replace(place)
    except OSError as error:
        why = error.strerror or str(error)
        raise InvalidInput(
            f"{shown(str(place))} cannot be written: {why}; name another place, or close the "
            "program that has it open"
        ) from error
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)


@contextmanager
def _standard_output() -> Iterator[TextIO]:
    """Yield standard output in UTF-8; a reader that has seen enough is fine."""
    if sys.stdout is None:
        raise InvalidInput("there is no standard output here: name a file")
    sys.stdout.flush()
    out = io.TextIOWrapper(sys.stdout.buffer, encoding="utf-8", newline="", write_through=True)
    try:
        yield out
        out.flush()
    except BrokenPipeError:
        # https://docs.python.org/3/library/signal.html#note-on-sigpipe
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    finally:
        with suppress(OSError):
            out.detach()
