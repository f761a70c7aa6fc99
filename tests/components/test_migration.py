import json
from pathlib import Path

import pulumi
import pytest

from components.database import Database, DatabaseArgs
from components.function import Function, FunctionArgs
from components.migration import Migration, MigrationArgs, fingerprint
from components.release import Release, ReleaseArgs
from tests.support.functions import platform
from tests.support.networks import PLACE, network
from tests.support.pulumi_recorder import Declare, Recorded

INVOCATION = "aws:lambda/invocation:Invocation"


@pytest.fixture
def migrations(tmp_path: Path) -> Path:
    folder = tmp_path / "migrations"
    (folder / "versions").mkdir(parents=True)
    (folder / "env.py").write_text("run()\n")
    (folder / "versions" / "0001_first.py").write_text("revision = '0001'\n")
    return folder


def database(*, kept: bool = True) -> Database:
    return Database(
        "database", DatabaseArgs(network=network(), place=PLACE, log_days=30, kept=kept)
    )


def functions(*names: str) -> list[Function]:
    shared = platform()
    return [
        Function(
            name.replace("_", "-"),
            FunctionArgs(
                code=name, environment={}, timeout_seconds=60, memory_mb=256, platform=shared
            ),
        )
        for name in names
    ]


def migrate(*files: Path) -> pulumi.Output[str]:
    setup, inside = functions("database_setup", "migrate")
    args = MigrationArgs(database=database(), function=setup, migrate=inside, files=files)
    return Migration("migration", args).result


def release(*, kept: bool = True) -> None:
    [function] = functions("database_release")
    Release("release", ReleaseArgs(database=database(kept=kept), function=function))


def test_the_set_up_is_called_once_all_that_it_needs_is_there(
    declare: Declare, recorded: Recorded, migrations: Path
) -> None:
    declare(lambda: migrate(migrations))
    call = recorded.one(INVOCATION)
    assert call.inputs["functionName"] == "database-setup-function-1a2b3c4"
    assert json.loads(call.inputs["input"]) == {"revision": "head"}
    assert {
        "database-setup-function",
        "database-setup-policy",
        "migrate-function",
        "migrate-policy",
        "database-instance",
    } <= call.depends_on


def test_a_new_migration_calls_it_again(
    declare: Declare, recorded: Recorded, migrations: Path
) -> None:
    declare(lambda: migrate(migrations))
    before = recorded.one(INVOCATION).inputs["triggers"]
    (migrations / "versions" / "0002_second.py").write_text("revision = '0002'\n")
    declare(lambda: migrate(migrations))
    after = recorded.one(INVOCATION).inputs["triggers"]
    assert after["migrations"] != before["migrations"]
    assert after["database"] == before["database"] == "db-ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def test_a_change_of_another_file_that_counts_calls_it_again(
    migrations: Path, tmp_path: Path
) -> None:
    roles = tmp_path / "roles.py"
    roles.write_text("READER = 'reader'\n")
    before = fingerprint(migrations, roles)
    roles.write_text("READER = 'viewer'\n")
    assert fingerprint(migrations, roles) != before


def test_nothing_but_a_change_of_the_files_changes_the_fingerprint(migrations: Path) -> None:
    before = fingerprint(migrations)
    (migrations / "__pycache__").mkdir()
    (migrations / "__pycache__" / "env.cpython-311.pyc").write_bytes(b"compiled")
    (migrations / "env.py").touch()
    assert fingerprint(migrations) == before


def test_moving_text_between_files_changes_the_fingerprint(migrations: Path) -> None:
    before = fingerprint(migrations)
    (migrations / "env.py").write_text("run()\nrevision = '0001'\n")
    (migrations / "versions" / "0001_first.py").write_text("")
    assert fingerprint(migrations) != before


def test_a_folder_without_migrations_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"no migrations in .+ without tables"):
        fingerprint(tmp_path)


def test_the_release_is_called_in_each_part_of_a_stack_s_life(
    declare: Declare, recorded: Recorded
) -> None:
    declare(release)
    call = recorded.one(INVOCATION)
    assert call.inputs["lifecycleScope"] == "CRUD"
    assert json.loads(call.inputs["input"]) == {
        "kind": "instance",
        "identifier": "database-subnets-1a2b3c4",
    }
    # So it is destroyed, which is when it acts, before any of these is.
    assert {"database-instance", "database-release-function", "database-release-policy"} <= (
        call.depends_on
    )


def test_what_is_not_protected_needs_no_release(declare: Declare) -> None:
    with pytest.raises(ValueError, match="not protected from deletion"):
        declare(lambda: release(kept=False))
