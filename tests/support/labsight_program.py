"""The whole Pulumi program of the repository, with the least configuration that it takes."""

import runpy
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pulumi
from pulumi.runtime import get_root_resource
from pulumi.runtime.stack import Stack

ROOT = Path(__file__).resolve().parents[2]
DATABASE_URL = "postgresql+psycopg://labsight@db.example.org:5432/labsight"


def labsight(**config: str) -> Callable[[], Mapping[str, Any] | None]:
    """Return the program under a configuration; it answers its exports, or nothing in a preview."""

    def program() -> Mapping[str, Any] | None:
        values = {"databaseUrl": DATABASE_URL} | config
        pulumi.runtime.set_all_config({f"labsight:{key}": text for key, text in values.items()})
        runpy.run_path(str(ROOT / "__main__.py"))
        root = get_root_resource()
        assert isinstance(root, Stack)
        exports: Mapping[str, Any] = root.outputs
        return exports

    return program
