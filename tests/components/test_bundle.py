import os
import zipfile
from pathlib import Path

import pytest

from components import bundle
from components.bundle import check_room, pack, unpacked_bytes
from components.wheels import NoPackages
from tests.support.wheelhouse import library


def installed(folder: Path, *names: str, content: bytes = b"x = 1\n") -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def test_the_same_files_give_the_same_bytes_whenever_and_in_whatever_order_they_came(
    tmp_path: Path,
) -> None:
    names = ("a/one.py", "b/two.py", "a.py")
    first = installed(tmp_path / "first", *names)
    second = installed(tmp_path / "second", *reversed(names))
    (second / "a.py").chmod(0o600)
    os.utime(second / "a.py", (0, 0))
    pack(first, tmp_path / "1.zip")
    pack(second, tmp_path / "2.zip")
    assert (tmp_path / "1.zip").read_bytes() == (tmp_path / "2.zip").read_bytes()


def test_packages_stand_where_python_looks_in_a_layer(tmp_path: Path) -> None:
    pack(installed(tmp_path / "in", "a/one.py"), tmp_path / "1.zip")
    assert zipfile.ZipFile(tmp_path / "1.zip").namelist() == ["python/a/one.py"]
    assert unpacked_bytes(tmp_path / "1.zip") == len(b"x = 1\n")


def test_what_installers_note_and_terminals_need_is_left_out(tmp_path: Path) -> None:
    about = "a-1.0.dist-info"
    left_out = ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json")
    folder = installed(
        tmp_path / "in",
        "a/one.py",
        f"{about}/METADATA",
        *(f"{about}/{name}" for name in left_out),
        "bin/a",
        "a/__pycache__/one.cpython-311.pyc",
        ".lock",
    )
    pack(folder, tmp_path / "1.zip")
    assert zipfile.ZipFile(tmp_path / "1.zip").namelist() == [
        f"python/{about}/METADATA",
        "python/a/one.py",
    ]


def test_libraries_for_arm64_are_taken(tmp_path: Path) -> None:
    folder = installed(tmp_path / "in", "fast.so", "libs/libx.so.1", content=library())
    pack(folder, tmp_path / "1.zip")
    modes = [entry.external_attr >> 16 for entry in zipfile.ZipFile(tmp_path / "1.zip").infolist()]
    assert modes == [0o100755, 0o100755]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("fast.so", library(62)),
        ("libs/libx.so.1", library(62)),
        ("tool/run", library(62)),
        ("fast.so", b"no library at all"),
    ],
)
def test_what_arm64_cannot_run_is_refused(tmp_path: Path, name: str, content: bytes) -> None:
    folder = installed(tmp_path / "in", name, content=content)
    with pytest.raises(NoPackages, match=f"{name} is not compiled for arm64"):
        pack(folder, tmp_path / "1.zip")


def test_a_layer_too_big_to_upload_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundle, "MOST_PACKED", 100)
    with pytest.raises(NoPackages, match=r"packages are 0\.0 MB packed, Lambda takes 0\.0 MB"):
        pack(installed(tmp_path / "in", "a/one.py"), tmp_path / "1.zip")


def test_a_layer_of_nothing_is_refused(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    with pytest.raises(NoPackages, match="the layer would be empty"):
        pack(tmp_path / "in", tmp_path / "1.zip")


def test_a_function_and_its_layer_have_250_mb_between_them() -> None:
    check_room("tiles", 50 * 1024**2, 200 * 1024**2)
    with pytest.raises(NoPackages, match=r"'tiles' takes 50\.0 MB and its packages 201\.0 MB"):
        check_room("tiles", 50 * 1024**2, 201 * 1024**2)
