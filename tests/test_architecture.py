"""Who may import whom: the tables of docs/architecture.md, held against every file."""

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path, PurePosixPath

import pytest

from tests.support import repository
from tests.support.repository import ROOT

PAGE = "docs/architecture.md"
EVERYTHING = "everything"
LONGEST = 400  # lines
CODE = (".py", ".ts", ".css", ".html")
# The names under which the rooms' packages are imported; sample-data is a folder of loose modules.
PACKAGES = {"labsight": "src/labsight", "labsight_lab": "scripts/labsight_lab"}
SAMPLE_MODULES = {path.stem for path in (ROOT / "sample-data").glob("*.py")}
KEY_PREFIX = re.compile(r"(?:slides|derived|datasets|realtime)/")
NAMES = re.compile(r"`([^`]+)`")


@cache
def rooms() -> dict[str, set[str]]:
    """What each room may import, as the page says."""
    rows = repository.table(PAGE, "room", "what lives there", "may import")
    return {_room(cell): _names(allowed) for cell, _, allowed in rows}


@cache
def reserved() -> dict[str, set[str]]:
    """The rooms that may import each restricted package."""
    rows = repository.table(PAGE, "package", "rooms that may import it")
    allowed = {_room(f"`{name}`") for _, cell in rows for name in _names(cell)}
    assert allowed <= rooms().keys()
    return {
        package: {_room(f"`{name}`") for name in _names(cell)}
        for packages, cell in rows
        for package in _names(packages)
    }


def _names(cell: str) -> set[str]:
    if cell in {EVERYTHING, "nothing"}:
        return {EVERYTHING} & {cell}
    found = set(NAMES.findall(cell))
    assert found, f"{PAGE}: {cell!r} names no room"
    return found


def _room(cell: str) -> str:
    return next(iter(_names(cell))).rstrip("/")


def room_of(path: Path) -> str | None:
    """The room a file is in, by the longest of the rooms' paths."""
    inside = [name for name in rooms() if path.is_relative_to(name)]
    return max(inside, key=len, default=None)


def imports(source: str) -> Iterator[tuple[int, str]]:
    """Line and full dotted name of all that a source imports, wherever in it that stands."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=names):
                yield from ((node.lineno, alias.name) for alias in names)
            case ast.ImportFrom(module=str(module), names=names, level=0):
                yield from ((node.lineno, f"{module}.{alias.name}") for alias in names)
            case ast.Call(
                func=ast.Attribute(attr="import_module") | ast.Name(id="import_module"),
                args=[ast.Constant(value=str(module)), *_],
            ):
                yield node.lineno, module


def target_of(name: str) -> str | None:
    """The room that an imported name belongs to, None for what is not ours."""
    first = name.partition(".")[0]
    if first in SAMPLE_MODULES:
        return "sample-data"
    room = PACKAGES.get(first, first)
    return room if room in rooms() else None


def wrong_imports(room: str, source: str) -> list[str]:
    """The imports by which a source in a room breaks the tables."""
    allowed = rooms()[room]
    wrong = []
    for line, name in imports(source):
        owners = reserved().get(name.partition(".")[0])
        target = target_of(name)
        ours = target is not None and target != room
        permitted = EVERYTHING in allowed or any(f"{name}.".startswith(f"{a}.") for a in allowed)
        if (ours and not permitted) or (owners is not None and room not in owners):
            wrong.append(f"{line}: {name}")
    return wrong


PYTHON = repository.with_suffix(".py")


def test_every_python_file_is_in_a_room_of_the_table() -> None:
    assert [str(path) for path in PYTHON if room_of(path) is None] == []


def test_every_room_of_the_table_exists() -> None:
    assert [room for room in rooms() if not (ROOT / room).exists()] == []


@pytest.mark.parametrize("room", rooms())
def test_a_room_imports_only_what_the_table_allows(room: str) -> None:
    inside = [path for path in PYTHON if room_of(path) == room]
    wrong = {
        str(path): found for path in inside if (found := wrong_imports(room, repository.read(path)))
    }
    assert wrong == {}


@pytest.mark.parametrize(
    ("room", "source"),
    [
        ("components", "import labsight"),
        ("components", "from stacks.config import Settings"),
        ("stacks", "from labsight import settings"),
        ("stacks", "from labsight.keysmith import forge"),
        ("src/labsight", "def f():\n    import components.iam"),
        ("src/labsight", "if TYPE_CHECKING:\n    from labsight_lab.sync.look import plan"),
        ("src/labsight", "import importlib\nimportlib.import_module('local.run')"),
        ("src/labsight", "import aperio_writer"),
        ("lambdas", "import pulumi_aws.s3"),
        ("scripts/labsight_lab", "from moto.server import ThreadedMotoServer"),
    ],
)
def test_a_forbidden_import_is_found_wherever_it_stands(room: str, source: str) -> None:
    assert len(wrong_imports(room, source)) == 1


@pytest.mark.parametrize(
    ("room", "source"),
    [
        ("stacks", "from labsight.keys import SLIDES"),
        ("stacks", "from labsight import keys"),
        ("stacks", "from stacks import foundation"),
        ("lambdas", "from labsight.tiles import TileService"),
        ("src/labsight", "import numpy, json"),
        ("tests", "import moto, aperio_writer, local.run"),
    ],
)
def test_an_import_that_the_table_allows_passes(room: str, source: str) -> None:
    assert wrong_imports(room, source) == []


def modules() -> dict[str, Path]:
    """The files of the packages, by the names under which they are imported."""
    found = {}
    for package, folder in PACKAGES.items():
        for path in (path for path in PYTHON if path.is_relative_to(folder)):
            inside = path.relative_to(folder).with_suffix("").parts
            found[".".join((package, *inside)).removesuffix(".__init__")] = path
    return found


def test_nothing_imports_what_imports_it() -> None:
    known, wanted = modules(), dict[str, set[str]]()
    for name, path in known.items():
        found = {target for _, target in imports(repository.read(path))}
        files = {one if one in known else one.rpartition(".")[0] for one in found}
        wanted[name] = (files & known.keys()) - {name}
    assert len(wanted) > 300
    TopologicalSorter(wanted).prepare()  # raises CycleError, which names the files


def test_no_function_imports_another() -> None:
    wrong = [
        f"{path}:{line}: {name}"
        for path in PYTHON
        if room_of(path) == "lambdas"
        for line, name in imports(repository.read(path))
        if name.startswith("lambdas.") and name.split(".")[1] != path.parts[1]
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("module", "unwanted"),
    [
        ("labsight", "boto3 botocore numpy PIL openslide sqlalchemy fastapi pydantic click"),
        ("labsight.tiles", "boto3 botocore numpy PIL openslide sqlalchemy fastapi pydantic"),
        ("labsight_lab.cli", "boto3 botocore numpy PIL openslide sqlalchemy fastapi pydantic rich"),
    ],
)
def test_an_import_loads_no_more_than_it_needs(module: str, unwanted: str) -> None:
    program = f"import json, sys, {module}; print(json.dumps(sorted(sys.modules)))"
    answer = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True, cwd=ROOT
    )
    loaded = set(json.loads(answer.stdout))
    assert module in loaded
    assert loaded & set(unwanted.split()) == set()


def _is_pulumi_config(node: ast.AST) -> bool:
    match node:
        case ast.Attribute(value=ast.Name(id="pulumi"), attr="Config"):
            return True
        case ast.ImportFrom(module="pulumi" | "pulumi.config", names=names):
            return any(alias.name == "Config" for alias in names)
    return False


def test_only_one_file_reads_the_configuration_of_the_stack() -> None:
    readers = [
        str(path)
        for path in PYTHON
        if room_of(path) != "tests"
        and any(map(_is_pulumi_config, ast.walk(ast.parse(repository.read(path)))))
    ]
    assert readers == ["stacks/config.py"]


def _texts(source: str) -> Iterator[tuple[int, str]]:
    """Line and value of each text in a source that is no docstring."""
    tree = ast.parse(source)
    prose = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
            yield node.lineno, node.value


def test_only_one_file_spells_the_prefixes_of_object_keys() -> None:
    spelled = {
        str(path)
        for path in PYTHON
        if room_of(path) != "tests"
        for _, text in _texts(repository.read(path))
        if KEY_PREFIX.match(text)
    }
    assert spelled == {"src/labsight/keys.py"}


def test_no_source_file_is_longer_than_one_thing_should_be() -> None:
    lengths: Mapping[str, int] = {
        str(path): repository.read(path).count("\n")
        for path in repository.with_suffix(*CODE)
        if "tests" not in PurePosixPath(path).parts
    }
    assert len(lengths) > 100
    assert {path: length for path, length in lengths.items() if length > LONGEST} == {}
