"""One reader in a process of its own, in whichever Python has it: asked and answered by lines.

So that no reader pays for the imports, threads or memory of another, and its CPU time is that of
the process. Runs as `python -m bench.worker MODULE:CLASS '{"argument": value}'`; each line in is
`{"do": METHOD, "with": {…}}`, each line out what it returned and what it cost.
"""

import importlib
import json
import os
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from typing import Any, Protocol

Place = tuple[float, float]  # of a tile in its level: across and down, 0 to 1


class TileReader(Protocol):
    """What reads tiles; ``plan`` is what a viewer would know and is not measured."""

    def plan(self, power: int, places: Sequence[Place]) -> Sequence[Any]:
        """Say which tiles of this reader's own grid lie at these places at 1/2^power."""
        ...

    def read(self, tile: Any) -> bytes:
        """Return one tile as JPEG."""
        ...


def main() -> None:
    """Answer until the input ends."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a library prints is no answer
    module, _, name = sys.argv[1].partition(":")
    reader = getattr(importlib.import_module(module), name)(**json.loads(sys.argv[2]))
    for line in sys.stdin:
        answers.write(json.dumps(_answer(reader, **json.loads(line))) + "\n")
        answers.flush()


def _answer(reader: Any, **command: Any) -> dict[str, Any]:
    try:
        if command["do"] == "read":
            tiles = reader.plan(**command["with"])
            return _measured(lambda: sum(len(reader.read(tile)) for tile in tiles))
        return _measured(lambda: getattr(reader, command["do"])(**command["with"]))
    except Exception as error:  # noqa: BLE001 - told to who asked
        traceback.print_exc()
        return {"error": f"{type(error).__name__}: {error}"}


def _measured(work: Callable[[], Any]) -> dict[str, Any]:
    """Seconds: CPU of all threads of this process, and by the clock."""
    cpu, wall = time.process_time(), time.perf_counter()
    value = work()
    return {
        "cpu": time.process_time() - cpu,
        "wall": time.perf_counter() - wall,
        "value": value,
    }


if __name__ == "__main__":
    main()
