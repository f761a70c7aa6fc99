"""Takes a database's protection from deletion away when its stack is destroyed."""

from typing import Any

from labsight.catalog import aws
from labsight.catalog.protection import Target, lift
from labsight.settings import Environment

_environment = Environment()
_environment.configure_logging()
_rds = aws.databases()


def handle(event: dict[str, Any], context: Any) -> dict[str, str]:
    """Act on the destruction alone: creation and changes of the stack call as well."""
    target = Target.of(event)
    if (event.get("tf") or {}).get("action") != "delete":
        return {"protection": "left as it is"}
    lift(_rds, target, lambda: context.get_remaining_time_in_millis() / 1000)
    return {"protection": "lifted"}
