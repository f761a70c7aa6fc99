import shutil
import stat
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
import sqlalchemy

from local import database as module
from local.database import Database
from local.errors import StandInFailed


def test_a_database_starts_answers_and_leaves_nothing() -> None:
    with Database() as database:
        version = database.start()
        engine = sqlalchemy.create_engine(database.url)
        with engine.begin() as connection:
            shown = connection.execute(sqlalchemy.text("select current_user, lower('Ä')")).one()
            folder_mode = stat.S_IMODE(database.folder.stat().st_mode)
        engine.dispose()
    assert version.startswith("18.")
    assert tuple(shown) == ("labsight_admin", "ä")
    assert folder_mode == 0o700
    assert not database.folder.exists()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(host=str(database.folder), user="labsight_admin")


def test_the_server_ends_when_its_owner_is_killed() -> None:
    owner = "from local.database import Database as D; d = D(); d.start(); print(d.folder); input()"
    with subprocess.Popen(
        [sys.executable, "-c", owner],
        cwd=Path(__file__).parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        folder = Path(process.stdout.readline().strip())
        server = folder / "data" / "postmaster.pid"
        assert server.exists()
        process.kill()
    deadline = time.monotonic() + 10
    while server.exists():  # its last act is to remove it
        assert time.monotonic() < deadline
        time.sleep(0.02)
    shutil.rmtree(folder)


def test_its_master_is_what_rds_s_is() -> None:
    with Database() as database:
        database.start()
        engine = sqlalchemy.create_engine(database.url)
        with engine.begin() as connection:
            rights = connection.execute(
                sqlalchemy.text(
                    "select rolsuper, rolcreaterole, rolcreatedb from pg_roles "
                    "where rolname = current_user"
                )
            ).one()
        engine.dispose()
    assert tuple(rights) == (False, True, True)


def test_the_address_holds_no_password_and_leads_to_the_socket() -> None:
    with Database() as database:
        url = sqlalchemy.make_url(database.url)
    assert (url.username, url.password, url.database) == ("labsight_admin", None, "labsight")
    assert url.query["host"] == str(database.folder)


def test_a_server_that_does_not_start_tells_its_last_words(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    binaries = tmp_path / "pginstall18" / "bin"
    binaries.mkdir(parents=True)
    for name in ("initdb", "postgres"):
        (binaries / name).write_text("#!/bin/sh\necho no room left >&2\nexit 1\n")
        (binaries / name).chmod(0o755)
    monkeypatch.setattr(module, "_wheel", lambda: tmp_path)
    with Database() as database, pytest.raises(StandInFailed, match="no room left"):
        database.start()


def test_a_wheel_without_binaries_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(module, "_wheel", lambda: tmp_path)
    with Database() as database, pytest.raises(StandInFailed, match="holds no PostgreSQL"):
        database.start()


def test_the_newest_postgresql_of_the_wheel_is_taken(tmp_path: Path) -> None:
    for name in ("pginstall", "pginstall9", "pginstall18"):
        (tmp_path / name / "bin").mkdir(parents=True)
        (tmp_path / name / "bin" / "postgres").touch()
    assert module._newest(tmp_path).parent.name == "pginstall18"


def test_a_folder_that_only_its_owner_enters_is_not_open(tmp_path: Path) -> None:
    hidden = tmp_path / "home" / "wheel"
    hidden.mkdir(parents=True)
    hidden.parent.chmod(0o700)
    assert not module._open_to_everyone(hidden)
    assert module._open_to_everyone(Path("/usr/bin"))
