"""Folders of planes as Micro-Manager writes them."""

import json
from collections.abc import Sequence

from tests.support.ome_sets import described

NAMES = [f"img_{time:09}_Default_000.tif" for time in range(3)]


def metadata_14(names: Sequence[str] = NAMES) -> str:
    """Return the metadata.txt of release 1.4, ended as an acquisition ends it."""
    frames = {
        f"FrameKey-{at}-0-0": {"FileName": name, "Comment": 'a "{" in a text'}
        for at, name in enumerate(names)
    }
    return _written({"Summary": {"Frames": len(names)}, **frames})


def metadata_20(names: Sequence[str] = NAMES) -> str:
    """Return the metadata.txt of release 2.0."""
    coords = {f"Coords-Pos0/{one}": {"time": 1} for one in names}
    return _written({"Summary": {}, **coords})


def make_folder(text: str | None = None, names: Sequence[str] = NAMES) -> dict[str, bytes]:
    """Return the files of a folder by name."""
    files = {
        "metadata.txt": (text or metadata_14(names)).encode(),
        "display_and_comments.txt": b"{}",
    }
    return files | {name: described("a plane") for name in names}


def _written(content: dict[str, object]) -> str:
    """Write an object as the program does: part by part, and the last brace when all is done."""
    parts = (f'"{key}": {json.dumps(value, indent=2)}' for key, value in content.items())
    return "{\n" + ",\n".join(parts) + "\n}\n"
