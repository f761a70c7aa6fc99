"""The program with an edge and a login: how it is configured, and how it runs.

Started as a module it serves a folder of web files, tells the address, and ends with its input.
"""

import io
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from local import ports
from local.configuration import Stack, load_stack
from local.login import key_pair
from local.start import Platform, running
from local.steps import Steps

ROOT = Path(__file__).parents[2]
EDGE = ROOT / "tests" / "local" / "programs" / "edge"


def edge(**config: str) -> Stack:
    """Return the program with keys of its own."""
    private, public = key_pair()
    return load_stack(EDGE, "dev", {"privateKey": private, "publicKey": public, **config})


def run_edge(web: Path | None, log: io.StringIO, **config: str) -> AbstractContextManager[Platform]:
    """Run the program in this process."""
    no_database: Future[None] = Future()
    no_database.set_result(None)
    return running(edge(**config), ports.claim(0), no_database, web, Steps(log, log))


@contextmanager
def edge_beside(web: Path) -> Iterator[str]:
    """Run the program in a process of its own, beside a browser's event loop; yield its address."""
    command = [sys.executable, "-m", "tests.support.edge_program", str(web)]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.communicate()
    assert process.returncode == 0


def main(web: Path) -> None:
    """Serve until the input ends."""
    with run_edge(web, io.StringIO()) as platform:
        sys.stdout.write(f"{platform.address}\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
