import json
from pathlib import Path

import pulumi
import pytest

from components.function import Function, FunctionArgs
from components.migration import Migration, MigrationArgs, fingerprint
from tests.support.pulumi_recorder import Declare, Recorded

INVOCATION = "aws:lambda/invocation:Invocation"


@pytest.fixture
def migrations(tmp_path: Path) -> Path:
    folder = tmp_path / "migrations"
    (folder / "versions").mkdir(parents=True)
    (folder / "env.py").write_text("run()\n")
    (folder / "versions" / "0001_first.py").write_text("revision = '0001'\n")
    return folder


def migrate(folder: Path) -> pulumi.Output[str]:
    function = Function(
        "migrate",
        FunctionArgs(
            code="migrate", environment={}, timeout_seconds=60, memory_mb=256, log_days=30
        ),
    )
    return Migration("migration", MigrationArgs(function=function, folder=folder)).result


def test_the_function_is_called_for_the_newest_revision_once_it_may_run(
    declare: Declare, recorded: Recorded, migrations: Path
) -> None:
    declare(lambda: migrate(migrations))
    call = recorded.one(INVOCATION)
    assert call.inputs["functionName"] == "migrate-function-1a2b3c4"
    assert json.loads(call.inputs["input"]) == {"revision": "head"}
    assert {"migrate-function", "migrate-policy"} <= call.depends_on


def test_a_new_migration_calls_it_again(
    declare: Declare, recorded: Recorded, migrations: Path
) -> None:
    declare(lambda: migrate(migrations))
    before = recorded.one(INVOCATION).inputs["triggers"]
    (migrations / "versions" / "0002_second.py").write_text("revision = '0002'\n")
    declare(lambda: migrate(migrations))
    assert recorded.one(INVOCATION).inputs["triggers"] != before


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
