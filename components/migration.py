"""Brings the database to the tables that this version of the code expects, in each deployment."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from pulumi import ComponentResource, Output, ResourceOptions
from pulumi_aws import lambda_

from components.code import source_files
from components.database import Database
from components.function import Function


@dataclass(frozen=True, kw_only=True)
class MigrationArgs:
    """What is set up, by which function, and the files whose change makes it run again.

    ``function`` runs beside AWS's APIs and has ``migrate`` do the work beside the database.
    ``files`` are the folder of migrations and whatever else says what the database looks like.
    """

    database: Database
    function: Function
    migrate: Function
    files: tuple[Path, ...]


class Migration(ComponentResource):
    """One call of the set-up per change of migrations, or of database; what needs it waits."""

    result: Output[str]

    def __init__(self, name: str, args: MigrationArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("labsight:database:Migration", name, None, opts)
        call = lambda_.Invocation(
            f"{name}-call",
            function_name=args.function.function_name,
            input=json.dumps({"revision": "head"}),
            triggers={
                "migrations": fingerprint(*args.files),
                "database": args.database.resource_id,
            },
            # The database has no address that answers before all of it is there.
            opts=ResourceOptions(
                parent=self, depends_on=[args.database, args.function, args.migrate]
            ),
        )
        self.result = call.result
        self.register_outputs({"result": self.result})


def fingerprint(*places: Path) -> str:
    """Return the SHA-256 of the names and contents of files and of all files under folders."""
    digest = hashlib.sha256()
    for place in places:
        files = source_files(place) if place.is_dir() else [place] if place.is_file() else []
        if not files:
            raise ValueError(
                f"no migrations in {place.name}: the database would stay without tables"
            )
        for path in files:
            content = path.read_bytes()
            name = path.relative_to(place if place.is_dir() else place.parent).as_posix()
            digest.update(f"{name}\0{len(content)}\0".encode())
            digest.update(content)
    return digest.hexdigest()
