"""The whole platform of local mode, for whoever sends slides into it from outside.

A program: its first line of output tells where it is; it ends when its input does.
"""

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

from bench.folders import ROOT
from local import ports, start
from local.configuration import load_stack
from local.database import Database
from local.run import overrides
from local.steps import Steps


def main() -> None:
    """Run it until the input ends."""
    steps = Steps(sys.stderr, sys.stderr)
    with ExitStack() as exits:
        claimed = exits.enter_context(ports.claim(0))
        database = exits.enter_context(Database())
        stack = load_stack(ROOT, "dev", overrides())
        ready = exits.enter_context(ThreadPoolExecutor(1)).submit(_start, database)
        platform = exits.enter_context(
            start.running(stack, claimed, ready, None, steps, database.folder)
        )
        told = {
            "address": platform.address,
            "bucket": platform.deployment.exports["archive_bucket"],
            "variables": dict(platform.cloud.environment),
        }
        print(json.dumps(told), flush=True)
        sys.stdin.read()


def _start(database: Database) -> None:
    database.start()


if __name__ == "__main__":
    main()
