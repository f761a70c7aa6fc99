"""Unpacks the code archive that the program declared for a function."""

import shutil
import zipfile
from pathlib import Path
from typing import Any

import pulumi

from local.errors import UnknownDeclaration


def unpack(code: Any, into: Path, relative_to: Path) -> None:
    """Write an archive's files under ``into``; paths in it count from the program's folder."""
    into.mkdir(parents=True, exist_ok=True)
    match code:
        case pulumi.AssetArchive():
            for name, entry in code.assets.items():
                _unpack_entry(entry, into / name, relative_to)
        case pulumi.FileArchive():
            _unpack_path(relative_to / code.path, into)
        case _:
            raise UnknownDeclaration(
                f"code as {type(code).__name__}: local mode unpacks AssetArchive and FileArchive"
            )


def _unpack_entry(entry: Any, target: Path, relative_to: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    match entry:
        case pulumi.StringAsset():
            target.write_text(entry.text, encoding="utf-8")
        case pulumi.FileAsset():
            shutil.copyfile(_there(relative_to / entry.path), target)
        case _:
            unpack(entry, target, relative_to)


def _unpack_path(source: Path, into: Path) -> None:
    if _there(source).is_dir():
        unwanted = shutil.ignore_patterns("__pycache__")
        shutil.copytree(source, into, ignore=unwanted, dirs_exist_ok=True)
    elif zipfile.is_zipfile(source):
        with zipfile.ZipFile(source) as archive:
            archive.extractall(into)  # keeps to `into`: parts like `..` are left out
    else:
        raise UnknownDeclaration(f"code in {source}: a folder or a zip file is needed")


def _there(path: Path) -> Path:
    if not path.exists():
        raise UnknownDeclaration(f"code in {path}: there is no such file or folder")
    return path
