"""The files of the repository, as someone who clones it would get them."""

import subprocess
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@cache
def files() -> tuple[Path, ...]:
    """Every file that is tracked or could be added, relative to the root, in order."""
    # A checkout may belong to another user than the one who tests it, which git refuses by default.
    command = ["git", "-c", f"safe.directory={ROOT}", "ls-files", "-z"]
    listed = subprocess.run(
        [*command, "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        encoding="utf-8",
    )
    names = sorted(set(listed.stdout.split("\0")) - {""})
    return tuple(Path(name) for name in names if (ROOT / name).is_file())


def with_suffix(*suffixes: str) -> list[Path]:
    """The files with one of these suffixes."""
    return [path for path in files() if path.suffix in suffixes]


def read(path: Path | str) -> str:
    """The text of a file of the repository."""
    return (ROOT / path).read_text(encoding="utf-8")


def table(page: str, *heads: str) -> list[list[str]]:
    """The rows of the Markdown table on a page whose first cells of the head are these."""
    for rows in tables(page, *heads):
        return rows
    raise LookupError(f"{page} has no table that starts with {heads}")


def tables(page: str, *heads: str) -> Iterator[list[list[str]]]:
    """The rows of each Markdown table on a page whose first cells of the head are these."""
    lines = iter(read(page).splitlines())
    for line in lines:
        if cells(line)[: len(heads)] == list(heads):
            next(lines)
            yield [cells(row) for row in _until_blank(lines)]


def cells(line: str) -> list[str]:
    """The cells of one row of a Markdown table."""
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def _until_blank(lines: Iterable[str]) -> Iterable[str]:
    for line in lines:
        if not line.strip():
            return
        yield line
