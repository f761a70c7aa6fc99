from pathlib import Path

import pytest
from pulumi import FileAsset

from components.code import code_bytes, function_code


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with one function, a package, and what tools leave lying about."""
    for name in (
        "lambdas/tiles/handler.py",
        "lambdas/tiles/__pycache__/handler.cpython-313.pyc",
        "lambdas/catalog/handler.py",
        "src/labsight/__init__.py",
        "src/labsight/slides/source.py",
        "src/labsight/slides/__pycache__/source.cpython-311.pyc",
        "src/labsight/.mypy_cache/3.11/x.json",
        "src/labsight/.DS_Store",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return tmp_path


def test_the_archive_holds_one_function_and_the_package_under_their_import_paths(
    project: Path,
) -> None:
    assert list(function_code("tiles", project).assets) == [
        "lambdas/tiles/handler.py",
        "labsight/__init__.py",
        "labsight/slides/source.py",
    ]


def test_each_entry_is_the_file_it_is_named_after(project: Path) -> None:
    asset = function_code("tiles", project).assets["labsight/slides/source.py"]
    assert isinstance(asset, FileAsset)
    assert Path(asset.path).read_text() == "src/labsight/slides/source.py"


def test_a_function_without_a_handler_is_refused(project: Path) -> None:
    with pytest.raises(ValueError, match=r"no lambdas/nothing/handler\.py: the function 'nothing'"):
        function_code("nothing", project)


def test_its_size_is_that_of_the_files_in_it(project: Path) -> None:
    packed = function_code("tiles", project).assets
    assert code_bytes("tiles", project) == sum(
        Path(one.path).stat().st_size for one in packed.values() if isinstance(one, FileAsset)
    )
