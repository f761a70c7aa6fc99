"""The whole Pulumi program of the repository, with the least configuration that it takes."""

import json
import runpy
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pulumi
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from pulumi.runtime import get_root_resource
from pulumi.runtime.stack import Stack

from tests.support.pulumi_recorder import Recorded, run

ROOT = Path(__file__).resolve().parents[2]
_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
KEY_PAIR = {
    "edge.publicKey": _KEY.public_key()
    .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    .decode(),
    "edge.signingKey": _KEY.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode(),
}
# No wheels are built in tests of what is declared.
LEAST = {**KEY_PAIR, "functions.packages": "none"}
EVERYTHING = '["slides", "desktop", "gateway"]'


def labsight(
    settings: Mapping[str, str] | None = None,
) -> Callable[[], Mapping[str, Any] | None]:
    """Return the program under a configuration; it answers its exports, or nothing in a preview."""

    def program() -> Mapping[str, Any] | None:
        values = {**LEAST, **(settings or {})}
        secrets = [f"labsight:{key}" for key in values if key == "edge.signingKey"]
        config = {f"labsight:{key}": text for key, text in values.items()}
        config["aws:defaultTags"] = json.dumps({"tags": {"stack": pulumi.get_stack()}})
        pulumi.runtime.set_all_config(config, secrets)
        runpy.run_path(str(ROOT / "__main__.py"))
        root = get_root_resource()
        assert isinstance(root, Stack)
        exports: Mapping[str, Any] = root.outputs
        return exports

    return program


def recording(settings: Mapping[str, str] | None = None) -> Recorded:
    """Return what the program declares under a configuration; each is run once a session."""
    return _recording(tuple(sorted((settings or {}).items())))


@cache
def _recording(settings: tuple[tuple[str, str], ...]) -> Recorded:
    recorded = Recorded()
    run(labsight(dict(settings)), recorded)
    return recorded
