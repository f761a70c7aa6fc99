"""`python -m local`: the whole platform on this machine, from the program that AWS gets."""

import argparse
import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from labsight.errors import LabsightError, exit_code
from local.run import Options, run
from local.steps import terminal

ROOT = Path(__file__).resolve().parents[1]
INTERRUPTED = 130
PATIENCE = 10.0  # seconds in which everything has usually stopped
ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the platform as the arguments say; return the exit code."""
    options = _parse(arguments)
    _forget_accounts()
    serving, interruption = threading.Event(), _Interruption()
    for ending in ENDINGS:
        if ending != signal.SIGHUP or signal.getsignal(ending) != signal.SIG_IGN:  # nohup
            signal.signal(ending, interruption)
    try:
        run(options, terminal(), serving)
    except KeyboardInterrupt:
        return 0 if serving.is_set() else INTERRUPTED
    except LabsightError as error:
        sys.stderr.write(f"labsight: {error.message}\n")
        return exit_code(error)
    except OSError as error:  # no room, no permission: the error names the file
        sys.stderr.write(f"labsight: {error}\n")
        return 1
    return 0


def _parse(arguments: Sequence[str] | None) -> Options:
    parser = argparse.ArgumentParser(prog="python -m local", description=__doc__)
    parser.add_argument("--slides", type=Path, metavar="DIR", help="folder of slides to sync first")
    parser.add_argument("--port", type=_port, default=8080, help="of the address (default: 8080)")
    parser.add_argument(
        "--once", action="store_true", help="fetch something of every slide, report, and end"
    )
    parser.add_argument("--stack", default="dev", help="whose configuration to use (default: dev)")
    parser.add_argument(
        "--program", type=Path, default=ROOT, metavar="DIR", help="folder with Pulumi.yaml"
    )
    given = parser.parse_args(arguments)
    web = given.program / "web" / "dist"
    return Options(
        program=given.program,
        stack=given.stack,
        slides=given.slides,
        port=given.port,
        once=given.once,
        web=web if web.is_dir() else None,
    )


def _port(text: str) -> int:
    if not text.isdecimal() or not int(text) < 65536:
        raise argparse.ArgumentTypeError(f"{text!r}: a port is a number up to 65535")
    return int(text)


def _forget_accounts() -> None:
    """Drop all that this machine knows of real AWS accounts, for us and for our children."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ["AWS_CONFIG_FILE"] = os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull


class _Interruption:
    """Ends the run in order; asking again does not make that quicker, unless it got stuck."""

    def __init__(self) -> None:
        self._asked = -PATIENCE

    def __call__(self, _number: int, _frame: FrameType | None) -> None:
        now = time.monotonic()
        if now - self._asked >= PATIENCE:
            self._asked = now
            raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
