"""The programs that a workstation installs: which files they are, and the list that names them."""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labsight.errors import InvalidInput
from labsight.keys import TOOLS

MANIFEST = f"{TOOLS}manifest.json"
MANIFEST_VERSION = 1
LARGEST_MANIFEST = 1_000_000  # bytes
KINDS = ("windows", "linux-dcv")
_PIECE = 1 << 20
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Tool:
    """A program of one kind of workstation: how its file is called, and where it comes from."""

    kind: str
    name: str
    pattern: re.Pattern[str]
    example: str
    source: str


KNOWN = (
    Tool(
        "windows",
        "aws-cli",
        re.compile(r"AWSCLIV2(-[0-9.]+)?\.msi"),
        "AWSCLIV2.msi",
        "https://awscli.amazonaws.com/AWSCLIV2.msi",
    ),
    Tool(
        "windows",
        "qupath",
        re.compile(r"QuPath-v?[0-9][\w.-]*-Windows[\w.-]*\.(zip|msi)", re.ASCII),
        "QuPath-v0.6.0-Windows.zip",
        "https://github.com/qupath/qupath/releases",
    ),
    Tool(
        "linux-dcv",
        "dcv",
        re.compile(r"nice-dcv-[\w.-]*amzn2023-x86_64\.tgz", re.ASCII),
        "nice-dcv-amzn2023-x86_64.tgz",
        "https://www.amazondcv.com/",
    ),
    Tool(
        "linux-dcv",
        "qupath",
        re.compile(r"QuPath-v?[0-9][\w.-]*-Linux[\w.-]*\.tar\.(xz|gz)", re.ASCII),
        "QuPath-v0.6.0-Linux.tar.xz",
        "https://github.com/qupath/qupath/releases",
    ),
)


@dataclass(frozen=True, kw_only=True)
class Staged:
    """One file of the list; its key holds part of its hash, so other content has another key."""

    kind: str
    name: str
    file: str
    sha256: str
    bytes: int

    @property
    def key(self) -> str:
        """Where it lies in the archive."""
        return f"{TOOLS}{self.sha256[:16]}/{self.file}"

    def entry(self) -> dict[str, Any]:
        """Return what the workstation reads."""
        return {
            "kind": self.kind,
            "name": self.name,
            "file": self.file,
            "key": self.key,
            "sha256": self.sha256,
            "bytes": self.bytes,
        }


def recognised(folder: Path) -> dict[Tool, Path]:
    """Return the file of each tool in a folder; raise InvalidInput for any other file."""
    if not folder.is_dir():
        what = "is not a folder" if folder.exists() else "does not exist"
        raise InvalidInput(f"{folder} {what}; give the folder with the installers")
    found: dict[Tool, Path] = {}
    for file in sorted(folder.iterdir()):
        if file.name.startswith(".") or file.name.lower() in {"desktop.ini", "thumbs.db"}:
            continue
        tool = next((one for one in KNOWN if one.pattern.fullmatch(file.name)), None)
        if tool is None or not file.is_file():
            raise InvalidInput(
                f"{file} is nothing that a workstation installs; the folder may hold:\n"
                + wanted(KNOWN)
            )
        if tool in found:
            raise InvalidInput(
                f"{found[tool].name} and {file.name} are both {tool.name} for {tool.kind}; "
                "leave the one that is wanted"
            )
        found[tool] = file
    if not found:
        raise InvalidInput(f"{folder} is empty; the folder may hold:\n{wanted(KNOWN)}")
    return found


def wanted(tools: Iterable[Tool]) -> str:
    """Write which files are needed and where they come from, a line each."""
    return "\n".join(f"  {one.kind}: {one.example} from {one.source}" for one in tools)


def lacking(staged: Iterable[Staged], kinds: Iterable[str]) -> list[Tool]:
    """Return what the list still lacks for some kinds of workstation."""
    have = {(one.kind, one.name) for one in staged}
    return [one for one in KNOWN if one.kind in set(kinds) and (one.kind, one.name) not in have]


def hashed(tool: Tool, file: Path) -> Staged:
    """Read a file and return its entry."""
    digest, size = hashlib.sha256(), 0
    try:
        with file.open("rb") as stream:
            while piece := stream.read(_PIECE):
                digest.update(piece)
                size += len(piece)
    except OSError as error:
        raise InvalidInput(f"{file} cannot be read: {error.strerror}") from error
    if not size:
        raise InvalidInput(f"{file} is empty; download it again from {tool.source}")
    return Staged(
        kind=tool.kind, name=tool.name, file=file.name, sha256=digest.hexdigest(), bytes=size
    )


def written(staged: Iterable[Staged]) -> bytes:
    """Return the list as it is stored, the same for the same tools."""
    ordered = sorted(staged, key=lambda one: (one.kind, one.name))
    document = {"version": MANIFEST_VERSION, "tools": [one.entry() for one in ordered]}
    return (json.dumps(document, indent=2) + "\n").encode()


def read(data: bytes) -> list[Staged]:
    """Read a stored list; raise InvalidInput when it is not one that labsight wrote."""
    try:
        document = json.loads(data)
        return [_entry(one) for one in document["tools"]]
    except (ValueError, KeyError, TypeError) as error:
        raise InvalidInput(
            f"{MANIFEST} in the archive is damaged ({error}); delete it and stage all tools again"
        ) from error


def _entry(one: Mapping[str, Any]) -> Staged:
    entry = Staged(
        kind=str(one["kind"]),
        name=str(one["name"]),
        file=str(one["file"]),
        sha256=str(one["sha256"]),
        bytes=int(one["bytes"]),
    )
    if not _SHA256.fullmatch(entry.sha256) or one["key"] != entry.key:
        raise ValueError(f"entry {entry.name!r}")
    return entry
