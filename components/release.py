"""Lets `pulumi destroy` have a database that AWS protects from deletion."""

from dataclasses import dataclass

from pulumi import ComponentResource, Output, ResourceOptions
from pulumi_aws import lambda_

from components.database import Database
from components.function import Function


@dataclass(frozen=True, kw_only=True)
class ReleaseArgs:
    """The database, and the function that takes the protection away when it is told to."""

    database: Database
    function: Function

    def __post_init__(self) -> None:
        if not self.database.protected:
            raise ValueError(
                "database: it is not protected from deletion, so there is nothing to release; "
                "declare a release for a kept database alone"
            )


class Release(ComponentResource):
    """Calls the function when the stack is destroyed, just before the database goes.

    Until then neither a click in the console nor an update that would replace the database can
    delete it. A destroyed database still leaves its last snapshot.
    """

    def __init__(self, name: str, args: ReleaseArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("labsight:database:Release", name, None, opts)
        lambda_.Invocation(
            f"{name}-call",
            function_name=args.function.function_name,
            input=Output.json_dumps(
                {"kind": args.database.kind, "identifier": args.database.identifier}
            ),
            # The function is told which of the three it is under the key "tf".
            lifecycle_scope="CRUD",
            opts=ResourceOptions(parent=self, depends_on=[args.database, args.function]),
        )
        self.register_outputs({})
