"""What a function's archive holds, file by file, so that it is the same on every machine."""

from pathlib import Path

from pulumi import Archive, Asset, AssetArchive, FileAsset

ROOT = Path(__file__).resolve().parents[1]


def function_code(name: str, root: Path = ROOT) -> AssetArchive:
    """Pack ``lambdas/<name>`` and the package ``labsight`` under the paths they are imported by.

    The archive holds labsight's own sources and no third-party package.
    """
    folders = {f"lambdas/{name}": root / "lambdas" / name, "labsight": root / "src" / "labsight"}
    assets: dict[str, Asset | Archive] = {
        f"{inside}/{path.relative_to(folder).as_posix()}": FileAsset(path)
        for inside, folder in folders.items()
        for path in source_files(folder)
    }
    if f"lambdas/{name}/handler.py" not in assets:
        raise ValueError(f"no lambdas/{name}/handler.py: the function {name!r} has no code")
    return AssetArchive(assets)


def source_files(folder: Path) -> list[Path]:
    """Return the files under ``folder`` in order, without hidden and compiled ones."""
    return sorted(
        path
        for path in folder.rglob("*")
        if path.is_file()
        and path.suffix != ".pyc"
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    )


def code_bytes(name: str, root: Path = ROOT) -> int:
    """Return how much room ``lambdas/<name>`` and ``labsight`` take once unpacked."""
    folders = (root / "lambdas" / name, root / "src" / "labsight")
    return sum(path.stat().st_size for folder in folders for path in source_files(folder))
