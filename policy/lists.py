"""Lists that people keep: one thing a line, its parts between bars, the reason last."""

from collections.abc import Iterator
from pathlib import Path


def lines(path: Path) -> Iterator[tuple[int, str]]:
    """Read a list's lines with their numbers; ``#`` starts a remark."""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        text = line.strip()
        if text and not text.startswith("#"):
            yield number, text


def parts(path: Path, number: int, text: str, form: str) -> list[str]:
    """Take a line apart as ``form`` says, such as ``type | reason``; no part may be empty."""
    found = [part.strip() for part in text.split("|")]
    if len(found) != len(form.split("|")) or not all(found):
        raise ValueError(f"{path.name}, line {number}: write '{form}'")
    return found
