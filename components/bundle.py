"""Packs installed packages into a layer: the same bytes each time, and only what Lambda can run."""

import stat
import zipfile
from pathlib import Path

from components.wheels import NoPackages

# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
MOST_UNPACKED = 250 * 1024**2  # bytes, a function and its layers together
MOST_PACKED = 50 * 1024**2  # bytes, of a layer that is not fetched from S3

# Python's place in a layer: https://docs.aws.amazon.com/lambda/latest/dg/packaging-layers.html
INSIDE = "python"
# What installers note about this machine, or that only a terminal needs.
LEFT_OUT_FOLDERS = frozenset({"bin", "__pycache__"})
LEFT_OUT_FILES = frozenset({"RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json"})

ELF = b"\x7fELF"
ELF_MACHINE = slice(
    18, 20
)  # little-endian; https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html
AARCH64 = 183

WHEN = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip can say
UNIX = 3
LEVEL = 6


def pack(installed: Path, archive: Path) -> None:
    """Write ``archive``, a layer of what is installed in ``installed``."""
    names = sorted(_kept(installed))
    if not names:
        raise NoPackages(f"no package in {installed}: the layer would be empty")
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=LEVEL) as out:
        for name in names:
            content = (installed / name).read_bytes()
            _check_machine(name, content)
            entry = zipfile.ZipInfo(f"{INSIDE}/{name}", WHEN)
            entry.create_system = UNIX  # Windows would write its own number, and other bytes
            entry.external_attr = (stat.S_IFREG | (0o755 if _is_library(name) else 0o644)) << 16
            out.writestr(entry, content, zipfile.ZIP_DEFLATED, LEVEL)
    packed = archive.stat().st_size
    if packed > MOST_PACKED:
        raise NoPackages(
            f"the functions' packages are {_mb(packed)} packed, Lambda takes {_mb(MOST_PACKED)}: "
            "take something out of the extra `functions` in pyproject.toml and run `make lock`"
        )


def unpacked_bytes(archive: Path) -> int:
    """Return how much room the layer takes once Lambda has unpacked it."""
    with zipfile.ZipFile(archive) as packed:
        return sum(entry.file_size for entry in packed.infolist())


def check_room(function: str, own: int, layer: int) -> None:
    """Refuse a function that Lambda would not unpack; bytes of its own code and of its layer."""
    if own + layer > MOST_UNPACKED:
        raise NoPackages(
            f"function {function!r} takes {_mb(own)} and its packages {_mb(layer)}, Lambda "
            f"unpacks {_mb(MOST_UNPACKED)} in all: take something out of the extra `functions` in "
            "pyproject.toml and run `make lock`"
        )


def _kept(installed: Path) -> list[str]:
    found = (path.relative_to(installed) for path in installed.rglob("*") if path.is_file())
    return [
        path.as_posix()
        for path in found
        if path.name not in LEFT_OUT_FILES
        and not path.name.startswith(".")
        and not LEFT_OUT_FOLDERS & set(path.parts[:-1])
    ]


def _is_library(name: str) -> bool:
    return name.endswith(".so") or ".so." in name


def _check_machine(name: str, content: bytes) -> None:
    compiled = content.startswith(ELF)
    machine = int.from_bytes(content[ELF_MACHINE], "little")
    if (compiled or _is_library(name)) and not (compiled and machine == AARCH64):
        raise NoPackages(
            f"{name} is not compiled for arm64, which the functions run on: its wheel is wrongly "
            "labelled; pin another version of that package with `make lock`"
        )


def _mb(size: int) -> str:
    return f"{size / 1024**2:.1f} MB"
