"""The list in which a lab says which file is of which case: a CSV, as Excel or a program saves it.

Ids go with a slide when it is sent, and cannot be given later: while a list cannot be read, nothing
is sent. Two lines about one file that differ are used neither: a slide without a case is asked for,
one with another patient's is believed.
"""

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from labsight.errors import LabsightError
from labsight_lab.sync.look.windows import folded

MAX_BYTES = 32 << 20  # a line for each of 300,000 slides
MAX_PROBLEMS = 1000  # that are told one by one
_FILE = "file"
_DELIMITERS = ";,\t"
# Excel saves "CSV" in the code page of the machine, which in most labs is this one; it knows all of
# Latin-1's letters.
_FALLBACK = "cp1252"


class ListUnreadable(LabsightError):
    """The list of ids cannot be read, or is none; trying again may help."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(
            f"{path}, the list of ids (ids.table): {why}. Until it can be read nothing is sent: "
            "slides in the archive cannot be given ids later"
        )

    @classmethod
    def by(cls, path: Path, error: OSError) -> "ListUnreadable":
        """Return the error of a list that the system does not give."""
        return cls(path, f"it cannot be read: {error.strerror or error}")


@dataclass(frozen=True, kw_only=True)
class Columns:
    """How the columns are headed; capitals do not count. Only ``file`` has to be there."""

    file: str = _FILE
    case_id: str = "case_id"
    slide_id: str = "slide_id"
    scanner: str = "scanner"


@dataclass
class Table:
    """What a list says, and what is wrong with it.

    ``rows`` are by the folded name of the file: a path, a file name alone, or a folder with ``/``
    at its end. ``names`` has them as they are written.
    """

    rows: dict[str, Mapping[str, str]] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    _unclear: frozenset[str] = frozenset()  # names that fit several files

    def add_problem(self, text: str) -> None:
        """Note what is wrong, up to a bound."""
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(text)

    def row(self, path: str) -> Mapping[str, str]:
        """Return what is said of a path: of itself, of its name, or of a folder it lies in."""
        for name in _names_of(path):
            if name in self.rows:
                return {} if name in self._unclear else self.rows[name]
        return {}

    def check(self, paths: Iterable[str]) -> list[str]:
        """Hold the list against the files there are; return what is wrong.

        What fits no file may be a typing error. A name alone that fits files in several folders is
        not used: one of them may be another patient's.
        """
        files = dict.fromkeys(self.rows, 0)
        for path in paths:
            for name in _names_of(path):
                if name in files:
                    files[name] += 1
                    break
        self._unclear = frozenset(n for n, count in files.items() if count > 1 and "/" not in n)
        wrong = [
            f"{self.names[name]!r} in the list of ids "
            + ("fits several files: write it with its folder" if count else "fits no file")
            for name, count in files.items()
            if not count or name in self._unclear
        ]
        return sorted(wrong)[:MAX_PROBLEMS]


def read(path: Path, columns: Columns) -> Table:
    """Read a list, and note what is wrong in its lines; raise ListUnreadable if it is none."""
    table = Table()
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise ListUnreadable(path, f"it has more than {MAX_BYTES >> 20} MiB")
        _read_rows(table, path, _text(table, path, data), columns)
    except OSError as error:
        raise ListUnreadable.by(path, error) from error
    except csv.Error as error:
        raise ListUnreadable(path, f"it cannot be read as CSV ({error})") from error
    return table


def _text(table: Table, path: Path, data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", errors="replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        table.add_problem(
            f"{path} is not UTF-8 and was read as Windows-1252: if names look wrong, save it as "
            "'CSV UTF-8'"
        )
        return data.decode(_FALLBACK, errors="replace")


def _read_rows(table: Table, path: Path, text: str, columns: Columns) -> None:
    first, _, rest = text.partition("\n")
    above = first.strip().lower().startswith("sep=")  # Excel's way to tell what parts the columns
    text = (rest if above else text).replace("\0", "\ufffd")
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text))
    heads = [head.strip().casefold() for head in next(lines, [])]
    wanted: dict[str, str] = asdict(columns)
    places = {
        name: heads.index(head.strip().casefold())
        for name, head in wanted.items()
        if head.strip().casefold() in heads
    }
    if _FILE not in places or len(places) == 1:
        more = ", ".join(repr(name) for key, name in wanted.items() if key != _FILE)
        raise ListUnreadable(
            path, f"it needs a column headed {columns.file!r} and at least one of {more}"
        )
    lines_of: dict[str, int] = {}
    for line in lines:
        cells = {name: line[n].strip() for name, n in places.items() if n < len(line)}
        if cells.get(_FILE):
            _take(table, path, lines_of, lines.line_num + above, cells)


def _take(
    table: Table, path: Path, lines_of: dict[str, int], number: int, cells: dict[str, str]
) -> None:
    name = cells.pop(_FILE).replace("\\", "/").removeprefix("./")
    same = _folded(name)
    before = lines_of.setdefault(same, number)
    if before == number:
        table.rows[same], table.names[same] = cells, name
    elif table.rows[same] != cells:
        table.rows[same] = {}
        table.add_problem(
            f"{path}: lines {before} and {number} say different things about {name!r}: neither "
            "is used"
        )


def _delimiter(text: str) -> str:
    """Return the sign that parts the columns: the one that the heading has most of."""
    heading = text.partition("\n")[0]
    return max(_DELIMITERS, key=heading.count)


def _names_of(path: str) -> Iterable[str]:
    """Yield the names by which the list may mean a path, the most exact one first."""
    same = _folded(path)
    yield same
    folder, _, name = same.removesuffix("/").rpartition("/")
    if folder:
        yield name
    while folder:
        yield f"{folder}/"
        folder = folder.rpartition("/")[0]


def _folded(name: str) -> str:
    return folded(name.rstrip("/")) + ("/" if name.endswith("/") else "")
