"""Brings the database to the tables that this version of the code expects, in each deployment."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from pulumi import ComponentResource, Output, ResourceOptions
from pulumi_aws import lambda_

from components.code import source_files
from components.function import Function


@dataclass(frozen=True, kw_only=True)
class MigrationArgs:
    """The function that migrates, and the folder of migrations whose change makes it run again."""

    function: Function
    folder: Path


class Migration(ComponentResource):
    """One call of the migrating function per change of migrations; what needs it waits."""

    result: Output[str]

    def __init__(self, name: str, args: MigrationArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("labsight:database:Migration", name, None, opts)
        call = lambda_.Invocation(
            f"{name}-call",
            function_name=args.function.function_name,
            input=json.dumps({"revision": "head"}),
            triggers={"migrations": fingerprint(args.folder)},
            opts=ResourceOptions(parent=self, depends_on=[args.function]),
        )
        self.result = call.result
        self.register_outputs({"result": self.result})


def fingerprint(folder: Path) -> str:
    """Return the SHA-256 of the names and contents of all files under ``folder``."""
    files = source_files(folder)
    if not files:
        raise ValueError(f"no migrations in {folder.name}: the database would stay without tables")
    digest = hashlib.sha256()
    for path in files:
        content = path.read_bytes()
        digest.update(f"{path.relative_to(folder).as_posix()}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()
