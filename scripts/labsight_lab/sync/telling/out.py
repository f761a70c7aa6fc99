"""Standard output: how wide it is, and whether there is any."""

import shutil
import sys
import textwrap

_LEAST = 40  # characters of a terminal that is worth fitting into


def width() -> int | None:
    """Return the width of the terminal in characters; None where the output goes elsewhere."""
    if sys.stdout is None or not sys.stdout.isatty():
        return None
    return max(_LEAST, shutil.get_terminal_size().columns)


def put(text: str) -> None:
    """Write text and end the line; a program without a window has no output on Windows."""
    if sys.stdout is not None:
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()


def warn(text: str) -> None:
    """Write text beside standard output, which belongs to a document."""
    if sys.stderr is not None:
        sys.stderr.write(f"{text}\n")


def item(name: str, reason: str, wide: int | None) -> list[str]:
    """Return ``  NAME: REASON``, or more lines where that is wider than the terminal.

    The name stays in one piece, to be found and copied.
    """
    line = f"  {name}: {reason}"
    if wide is None or len(line) <= wide:
        return [line]
    return [f"  {name}", *wrapped(reason, wide, indent="    ", first="    ")]


def wrapped(text: str, wide: int | None, *, indent: str = "  ", first: str = "") -> list[str]:
    """Return text in lines that fit: one that begins with ``first``, the others indented."""
    if wide is None:
        return [f"{first}{text}"]
    return textwrap.wrap(
        text,
        wide,
        initial_indent=first,
        subsequent_indent=indent,
        break_on_hyphens=False,
        break_long_words=False,
    )
