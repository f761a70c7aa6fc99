"""One wire of a program is broken at a time: local mode names it and starts nothing."""

import io

import pytest

from local.errors import BrokenWires

from .conftest import run_tiny


@pytest.mark.parametrize(
    ("fault", "wire"),
    [
        ("variable", "function importer: KeyError: 'ARCHIVE' (when it started)"),
        (
            "handler",
            "function importer: LookupError: importer.handler has no 'handel'",
        ),
        (
            "route",
            "route 'GET /api/things/{id}' (one): it leads to integrations/nothing",
        ),
        ("queue", "queue uploads: target to-uploads fills it, but no event source reads it"),
    ],
)
def test_the_broken_wire_is_named(fault: str, wire: str) -> None:
    out = io.StringIO()
    with pytest.raises(BrokenWires) as broken, run_tiny(fault, out, io.StringIO()):
        pass
    [named] = broken.value.wires
    assert named.startswith(wire)
    assert "serving" not in out.getvalue()
